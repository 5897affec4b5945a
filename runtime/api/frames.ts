/**
 * The frames that carry stdout and stderr over one connection when there is no tty: one byte for the stream, three
 * zero bytes, the length of the data as 32 bits big endian, the data. From the Engine API's ContainerAttach.
 */
const HEADER_LENGTH = 8;
const STREAM_NUMBER = { stdin: 0, stdout: 1, stderr: 2 } as const;

export type OutputStream = "stdout" | "stderr";

export const RAW_STREAM = "application/vnd.docker.raw-stream";
export const MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";

/** Minor number of the first API version that names the multiplexed stream in the content type. */
const MULTIPLEXED_SINCE = 42;

/** The content type of an output stream. Before API 1.42 both forms had the raw one. */
export function streamContentType(tty: boolean, version: number): string {
  return tty || version < MULTIPLEXED_SINCE ? RAW_STREAM : MULTIPLEXED_STREAM;
}

export function encodeFrame(stream: OutputStream, data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + data.length);
  frame.writeUInt32BE(STREAM_NUMBER[stream] << 24, 0);
  frame.writeUInt32BE(data.length, 4);
  frame.set(data, HEADER_LENGTH);
  return frame;
}
