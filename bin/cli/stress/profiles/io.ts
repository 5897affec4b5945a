import { formatBinarySize } from "../../../../lib/units/size.ts";
import { CliError } from "../../errors.ts";
import { fileDevice } from "../machine.ts";
import type { Resources } from "../resources.ts";
import { DIRECTIONS, type Direction, tryRate } from "../trials/block-io.ts";
import type { Profile } from "./profile.ts";

const RATE = 4 * 2 ** 20;
const OPERATIONS = 200;

export const io: Profile = {
  summary: "direct reads and writes under limits of bytes and of operations a second",
  async run({ session, seconds, recorder, phase, tell }) {
    const device = await fileDevice(session);
    if (device === undefined) throw new CliError("The files of containers are on no disk whose I/O can be limited");
    for (const direction of DIRECTIONS) {
      const value = direction.isOperations ? OPERATIONS : RATE;
      await phase(direction.flag, async () => {
        const aim = { device, value, seconds: seconds / DIRECTIONS.length };
        const result = await tryRate(session, limited(direction, device, value), direction, aim, (container) =>
          recorder.follow(
            container,
            direction.flag,
            direction.isOperations || direction.isRead ? {} : { written: value },
          ),
        );
        const set = direction.isOperations ? `${value}/s` : `${formatBinarySize(value)}/s`;
        tell({ limit: direction.flag, set: `${device} ${set}`, ...result });
      });
    }
    return [
      { title: "Written", unit: "bytes/s", series: recorder.series("written") },
      { title: "Read", unit: "bytes/s", series: recorder.series("read") },
    ];
  },
};

const limited = ({ hostConfig }: Direction, device: string, value: number): Resources => ({
  [hostConfig]: [{ Path: device, Rate: value }],
});
