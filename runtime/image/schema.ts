/** The tables of images, layers and container snapshots. */
import type { Migrations } from "../../lib/store.ts";

export const imageMigrations: Migrations = {
  layer: "image",
  steps: [
    `CREATE TABLE images (
      id TEXT PRIMARY KEY,           -- digest of the configuration
      config TEXT NOT NULL,          -- the configuration as it came, byte for byte
      size INTEGER NOT NULL,         -- bytes of the unpacked layers
      parent TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE TABLE image_tags (
      repository TEXT NOT NULL,      -- canonical: docker.io/library/busybox
      tag TEXT NOT NULL,
      image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
      PRIMARY KEY (repository, tag)
    ) STRICT;
    CREATE INDEX image_tags_of_image ON image_tags (image_id);
    CREATE TABLE image_digests (
      repository TEXT NOT NULL,
      digest TEXT NOT NULL,          -- of the manifest or index that was pulled
      image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
      PRIMARY KEY (repository, digest)
    ) STRICT;
    CREATE INDEX image_digests_of_image ON image_digests (image_id);
    CREATE TABLE layers (
      diff_id TEXT PRIMARY KEY,      -- digest of the uncompressed archive
      size INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE image_layers (
      image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,     -- 0 is the lowest
      diff_id TEXT NOT NULL REFERENCES layers (diff_id),
      PRIMARY KEY (image_id, position)
    ) STRICT;
    CREATE INDEX image_layers_of_layer ON image_layers (diff_id);
    CREATE TABLE snapshots (
      container_id TEXT PRIMARY KEY,
      image_id TEXT NOT NULL
    ) STRICT;
    CREATE TABLE snapshot_layers (
      container_id TEXT NOT NULL REFERENCES snapshots (container_id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      diff_id TEXT NOT NULL REFERENCES layers (diff_id),
      PRIMARY KEY (container_id, position)
    ) STRICT;
    CREATE INDEX snapshot_layers_of_layer ON snapshot_layers (diff_id);`,
    // The project whose quota limits the writable layer; none for most.
    "ALTER TABLE snapshots ADD COLUMN project INTEGER",
  ],
};
