/** The platform of an image, as the query `platform` names it: `linux/arm64/v8`. */
import { invalid } from "../../../lib/errors.ts";
import type { Platform } from "../../types.ts";

/** @throws `invalid` with Docker's text */
export function parsePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const [os = "", architecture = "", variant, ...more] = text.split("/");
  if (os === "" || architecture === "" || more.length > 0) {
    throw invalid(
      `"${text}" is an invalid component of "${text}": platform specifier must be of the form os/architecture[/variant]`,
      "CTR_PLATFORM_INVALID",
    );
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
