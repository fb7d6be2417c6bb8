export { mastra } from "../../mastra.config.ts";
