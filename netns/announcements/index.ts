/** Telling neighbours where an address is now. */
export { Announcements } from "./announcements.ts";
