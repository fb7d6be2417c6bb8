import { createRequire } from "node:module";
import { dirname, relative } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";

const PAGE = `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>天网客服 API</title><link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>`;
const SCRIPT = `window.ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true });`;

/** The API's pages, from files of ours: nothing is loaded from elsewhere. */
export function createDocsRoutes() {
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  return new Hono()
    .get("/", (c) => c.html(PAGE))
    .get("/page.js", (c) => c.body(SCRIPT, 200, { "content-type": "text/javascript" }))
    .use(
      "/assets/*",
      serveStatic({
        root: relative(process.cwd(), folder),
        rewriteRequestPath: (path) => path.replace(/^\/docs\/assets/u, ""),
      }),
    );
}
