export { walk } from "./walk.ts";
