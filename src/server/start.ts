import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { AppError, errorText } from "../domain/errors.ts";
import type { Env } from "../env.ts";
import { createApp } from "./app.ts";
import { type Service, type WireOptions, wire } from "./wire.ts";

export type RunningService = { service: Service; url: string; stop(): Promise<void> };

/** Starts the whole service in this process: store, bridge, jobs, HTTP. Port 0 takes a free one. */
export async function startService(env: Env, options: Omit<WireOptions, "ownUrl">): Promise<RunningService> {
  let ownUrl = "";
  const service = await wire(env, { ...options, ownUrl: () => ownUrl });
  const app = createApp(service);
  const { server, address } = await listen(app.fetch, env);
  ownUrl = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  service.startJobs();
  service.ownership.start();
  // They may come back, and meanwhile text is answered: told, not refused.
  service.files.check().catch((error: unknown) => {
    service.log.error("files.unavailable", { error: errorText(error) });
  });
  return {
    service,
    url: ownUrl,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeIdleConnections" in server) server.closeIdleConnections();
        setTimeout(() => {
          if ("closeAllConnections" in server) server.closeAllConnections();
        }, 1_000).unref();
      });
      await service.stop();
    },
  };
}

function listen(fetch: ReturnType<typeof createApp>["fetch"], env: Env) {
  return new Promise<{ server: ReturnType<typeof serve>; address: AddressInfo }>((resolve, reject) => {
    const server = serve({ fetch, hostname: env.HTTP_API_HOST, port: env.HTTP_API_PORT }, (address) =>
      resolve({ server, address }),
    );
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new AppError(
              "port-taken",
              `port ${env.HTTP_API_PORT} is taken: is the service running already? Set HTTP_API_PORT to use another`,
            )
          : error,
      );
    });
  });
}
