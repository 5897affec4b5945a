/** The network layer's tables. Everything the kernel is brought to is written here first. */
import type { Migrations } from "../../lib/store.ts";

/**
 * IPv4 addresses are numbers and IPv6 addresses 32 hexadecimal digits, so that both sort. The unique constraints are the
 * last word on who has an address, a port or the name of a host interface (which is made of the first seven digits of the
 * endpoint's id).
 */
export const networkMigrations: Migrations = {
  layer: "netns",
  steps: [
    `CREATE TABLE networks (
       id TEXT PRIMARY KEY,
       name TEXT NOT NULL UNIQUE,
       driver TEXT NOT NULL,
       created TEXT NOT NULL,
       subnet TEXT,
       gateway TEXT,
       bridge TEXT UNIQUE,
       mtu INTEGER,
       internal INTEGER NOT NULL,
       options TEXT NOT NULL,
       labels TEXT NOT NULL
     ) STRICT;
     CREATE TABLE endpoints (
       id TEXT PRIMARY KEY,
       network_id TEXT NOT NULL REFERENCES networks (id),
       container_id TEXT NOT NULL,
       container_name TEXT NOT NULL,
       address INTEGER,
       mac_address TEXT NOT NULL,
       UNIQUE (network_id, address),
       UNIQUE (network_id, container_id)
     ) STRICT;
     CREATE INDEX endpoints_container ON endpoints (container_id);
     CREATE UNIQUE INDEX endpoints_host_interface ON endpoints (substr(id, 1, 7));
     CREATE TABLE sandboxes (
       container_id TEXT PRIMARY KEY,
       namespace_path TEXT
     ) STRICT;
     CREATE TABLE published_ports (
       container_id TEXT NOT NULL REFERENCES sandboxes (container_id),
       protocol TEXT NOT NULL,
       host_ip TEXT NOT NULL,
       host_port INTEGER NOT NULL,
       container_port INTEGER NOT NULL,
       PRIMARY KEY (protocol, host_ip, host_port)
     ) STRICT;
     CREATE INDEX published_ports_container ON published_ports (container_id)`,

    // Networks of both families, several endpoints a container, ports as they were asked for, grants.
    `ALTER TABLE networks ADD COLUMN enable_ipv4 INTEGER NOT NULL DEFAULT 1;
     ALTER TABLE networks ADD COLUMN enable_ipv6 INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE networks ADD COLUMN attachable INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE networks ADD COLUMN subnets TEXT NOT NULL DEFAULT '[]';
     ALTER TABLE networks ADD COLUMN ipam_driver TEXT NOT NULL DEFAULT 'default';
     ALTER TABLE networks ADD COLUMN ipam_options TEXT NOT NULL DEFAULT '{}';
     UPDATE networks SET subnets = json_array(json_object('subnet', subnet, 'gateway', gateway))
       WHERE subnet IS NOT NULL;
     ALTER TABLE networks DROP COLUMN subnet;
     ALTER TABLE networks DROP COLUMN gateway;
     ALTER TABLE endpoints ADD COLUMN address6 TEXT;
     ALTER TABLE endpoints ADD COLUMN gateway_priority INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE endpoints ADD COLUMN interface_name TEXT;
     ALTER TABLE endpoints ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
     CREATE UNIQUE INDEX endpoints_address6 ON endpoints (network_id, address6);
     UPDATE endpoints SET interface_name = 'eth0'
       WHERE address IS NOT NULL AND container_id IN (SELECT container_id FROM sandboxes);
     ALTER TABLE sandboxes ADD COLUMN bindings TEXT NOT NULL DEFAULT '[]';
     ALTER TABLE sandboxes ADD COLUMN dns TEXT NOT NULL DEFAULT '{}';
     ALTER TABLE sandboxes ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE published_ports ADD COLUMN policy TEXT;
     UPDATE sandboxes SET bindings = (
       SELECT json_group_array(json_object(
         'protocol', protocol, 'containerPort', container_port, 'hostIp', host_ip, 'hostPort', host_port))
       FROM published_ports WHERE published_ports.container_id = sandboxes.container_id);
     CREATE TABLE grants (
       id TEXT PRIMARY KEY,
       grant_record TEXT NOT NULL
     ) STRICT;
     CREATE TABLE shapes (
       container_id TEXT NOT NULL,
       ingress INTEGER NOT NULL,
       rate_bps INTEGER NOT NULL,
       PRIMARY KEY (container_id, ingress)
     ) STRICT;
     CREATE TABLE lost_networks (
       container_id TEXT NOT NULL,
       network_id TEXT NOT NULL,
       network_name TEXT NOT NULL,
       PRIMARY KEY (container_id, network_id)
     ) STRICT`,

    // Configurations that networks are made of; ports of routed networks, which take no port of the host (0).
    `ALTER TABLE networks ADD COLUMN config_only INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE networks ADD COLUMN config_from TEXT;
     CREATE TABLE ports (
       container_id TEXT NOT NULL REFERENCES sandboxes (container_id),
       protocol TEXT NOT NULL,
       host_ip TEXT NOT NULL,
       host_port INTEGER NOT NULL,
       container_port INTEGER NOT NULL,
       policy TEXT,
       PRIMARY KEY (container_id, protocol, host_ip, host_port, container_port)
     ) STRICT;
     INSERT INTO ports SELECT container_id, protocol, host_ip, host_port, container_port, policy FROM published_ports;
     DROP TABLE published_ports;
     ALTER TABLE ports RENAME TO published_ports;
     CREATE UNIQUE INDEX published_ports_host ON published_ports (protocol, host_ip, host_port) WHERE host_port <> 0`,
  ],
};
