import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { silentLog } from "../../domain/log.ts";
import { type AddressLookup, createPictureFetcher, isPublic } from "./guarded-fetcher.ts";

const FORBIDDEN = [
  "http://127.0.0.1/a.png",
  "http://[::1]/a.png",
  "http://0x7f000001/a.png",
  "http://2130706433/a.png",
  "http://[::ffff:127.0.0.1]/a.png",
  "http://[::127.0.0.1]/a.png",
  "http://[64:ff9b::7f00:1]/a.png",
  "http://0/a.png",
  "http://localhost/a.png",
  "http://localhost./a.png",
  "http://a.LocalHost/a.png",
  "http://10.0.0.1/a.png",
  "http://100.64.0.1/a.png",
  "http://169.254.169.254/latest/meta-data",
  "http://user:secret@example.com/a.png",
  "http://user@example.com/a.png",
  "http://example.com:22/a.png",
  "file:///etc/passwd",
  "data:image/png;base64,AAAA",
  "ftp://example.com/a.png",
  "not a url",
];

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `127.0.0.1:${address.port}`;
}

function fetcherFor(allowHosts: string[], options: { lookup?: AddressLookup; timeoutMs?: number } = {}) {
  return createPictureFetcher({ allowHosts, log: silentLog, ...options });
}

const notAllowed = { ok: false, refusal: "address-not-allowed" };

describe("the guarded picture fetcher", () => {
  it("fetches from an allow-listed host and port, though it is loopback", async () => {
    const host = await serve((_, response) => response.end("picture"));

    const fetched = await fetcherFor([host]).fetch(`http://${host}/a.png`);

    expect(fetched).toEqual({ ok: true, value: Buffer.from("picture") });
  });

  it("refuses another port of an allow-listed host", async () => {
    const host = await serve((_, response) => response.end("secret"));

    expect(await fetcherFor(["127.0.0.1:9"]).fetch(`http://${host}/`)).toEqual(notAllowed);
  });

  it.each(FORBIDDEN)("refuses with address-not-allowed when asked for %s", async (url) => {
    expect(await fetcherFor([]).fetch(url)).toEqual(notAllowed);
  });

  it.each(FORBIDDEN)("refuses when redirected to %s", async (target) => {
    const host = await serve((_, response) => response.writeHead(302, { location: encodeURI(target) }).end());
    // "not a url" is a relative address after a redirect: the server redirects it again, for ever.
    const refusal = target === "not a url" ? "fetch-failed" : "address-not-allowed";

    expect(await fetcherFor([host]).fetch(`http://${host}/`)).toEqual({ ok: false, refusal });
  });

  it("refuses a name with one private address among public ones", async () => {
    const lookup: AddressLookup = (_, done) =>
      done(null, [
        { address: "93.184.216.34", family: 4 },
        { address: "127.0.0.1", family: 4 },
      ]);

    expect(await fetcherFor([], { lookup }).fetch("http://mixed.example/")).toEqual(notAllowed);
  });

  it("asks for a name once per connection, so a second, different answer is never used", async () => {
    const answers = ["127.0.0.1", "93.184.216.34"];
    let asked = 0;
    const lookup: AddressLookup = (_, done) => {
      asked += 1;
      done(null, [{ address: answers[asked - 1] ?? "93.184.216.34", family: 4 }]);
    };

    const fetched = await fetcherFor([], { lookup }).fetch("http://rebinding.example/");

    expect(fetched).toEqual(notAllowed);
    expect(asked).toBe(1);
  });

  it("checks a name again on each redirect", async () => {
    const host = await serve((_, response) =>
      response.writeHead(302, { location: "http://inside.example/" }).end(),
    );
    const lookup: AddressLookup = (_, done) => done(null, [{ address: "192.168.1.1", family: 4 }]);

    expect(await fetcherFor([host], { lookup }).fetch(`http://${host}/`)).toEqual(notAllowed);
  });

  it("follows five redirects and refuses the sixth", async () => {
    const host = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("here");
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const fetcher = fetcherFor([host]);

    expect(await fetcher.fetch(`http://${host}/5`)).toMatchObject({ ok: true });
    expect(await fetcher.fetch(`http://${host}/6`)).toEqual({ ok: false, refusal: "fetch-failed" });
  });

  it("refuses a body over 20 MiB though its length was not announced", async () => {
    const host = await serve((_, response) => {
      const mebibyte = Buffer.alloc(1024 * 1024);
      for (let sent = 0; sent < 21; sent += 1) response.write(mebibyte);
      response.end();
    });

    const fetched = await fetcherFor([host]).fetch(`http://${host}/`);

    expect(fetched).toEqual({ ok: false, refusal: "too-many-bytes" });
  });

  it("gives up when the whole fetch takes longer than its time", async () => {
    const host = await serve((_, response) => response.write("slow"));

    const fetched = await fetcherFor([host], { timeoutMs: 100 }).fetch(`http://${host}/`);

    expect(fetched).toEqual({ ok: false, refusal: "fetch-failed" });
  });

  it("refuses with fetch-failed when the server answers 404", async () => {
    const host = await serve((_, response) => response.writeHead(404).end());

    expect(await fetcherFor([host]).fetch(`http://${host}/`)).toEqual({ ok: false, refusal: "fetch-failed" });
  });
});

describe("isPublic", () => {
  it.each(["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])("takes %s", (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it.each([
    "::",
    "::1",
    "::7f00:1",
    "fe80::1",
    "fc00::1",
    "224.0.0.1",
    "255.255.255.255",
    "192.168.0.1",
    "2002:7f00:1::",
  ])("refuses %s", (address) => {
    expect(isPublic(address)).toBe(false);
  });
});
