/** `RegistryConfig` of `GET /info`. */

/** Networks by their addresses, registries by their names. Loopback is always trusted, as Docker does. */
export function registryView(insecure: readonly string[]) {
  const isNetwork = (entry: string): boolean => entry.includes("/");
  const hosts = insecure.filter((entry) => !isNetwork(entry));
  const indexOf = (name: string, secure: boolean) => ({ Name: name, Mirrors: [], Secure: secure, Official: secure });
  return {
    InsecureRegistryCIDRs: [...insecure.filter(isNetwork), "::1/128", "127.0.0.0/8"],
    IndexConfigs: {
      "docker.io": indexOf("docker.io", true),
      ...Object.fromEntries(hosts.map((host) => [host, indexOf(host, false)])),
    },
    Mirrors: [],
  };
}
