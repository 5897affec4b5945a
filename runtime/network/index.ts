/** Networks as the Engine API changes them. */
export { NetworkService } from "./service.ts";
