import { describe, expect, it } from "vitest";
import { readEnv } from "./env.ts";

describe("the environment", () => {
  it("needs nothing: every setting has a default or is off", () => {
    expect(readEnv({})).toMatchObject({
      HTTP_API_PORT: 5678,
      MERGE_WINDOW_MS: 1500,
      QINGJIAN_PROFILE: "neutral",
    });
  });

  it("names every bad variable at once and never their values", () => {
    const bad = {
      HTTP_API_PORT: "sesame",
      TUHUI_SECRET: "hunter2",
      OPENAI_BASE_URL: "ftp://x",
      MERGE_WINDOW_MS: "-1",
    };

    expect(() => readEnv(bad)).toThrow(
      /HTTP_API_PORT[\s\S]*OPENAI_BASE_URL[\s\S]*TUHUI_SECRET[\s\S]*MERGE_WINDOW_MS/u,
    );
    expect(() => readEnv(bad)).not.toThrow(/hunter2|sesame/u);
  });

  it("takes an empty value as off", () => {
    const empty = { MODEL: "", QINGJIAN_WS_URL: "", TUHUI_API_URL: " ", TIANWANG_CALLBACK_URL: "" };

    expect(readEnv(empty)).toMatchObject({
      QINGJIAN_WS_URL: "off",
      TUHUI_API_URL: "off",
      TIANWANG_CALLBACK_URL: "off",
    });
    expect(readEnv(empty).MODEL).toBeUndefined();
  });

  it.each([
    ["TZ_BUSINESS", "Mars"],
    ["FETCH_ALLOW_HOSTS", "http://x/y"],
    ["FILES_URL", "abc"],
    ["FILES_STORE", "s3://"],
    ["FILES_STORE", "s3://UPPER/case"],
    ["FILES_STORE", "s3://bucket/../other"],
    ["FILES_STORE", "https://bucket.example.com"],
    ["S3_ENDPOINT", "http://key:secret@127.0.0.1:9000"],
    ["S3_ENDPOINT", "http://127.0.0.1:9000/bucket"],
    ["S3_ADDRESSING", "dns"],
  ])("refuses %s=%s", (name, value) => {
    const key = { S3_ACCESS_KEY_ID: "key", S3_SECRET_ACCESS_KEY: "secret" };

    expect(() => readEnv({ ...key, [name]: value })).toThrow(name);
  });

  it("takes a store for files only with a key to it, and does not say which", () => {
    const place = {
      FILES_STORE: "s3://pictures/shop",
      S3_ACCESS_KEY_ID: "AKIA123",
      S3_ENDPOINT: "http://minio:9000",
    };

    expect(() => readEnv(place)).toThrow(/FILES_STORE: needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY/u);
    expect(() => readEnv(place)).not.toThrow(/AKIA123/u);
    expect(readEnv({ ...place, S3_SECRET_ACCESS_KEY: "secret" }).FILES_STORE).toBe("s3://pictures/shop");
  });

  it("refuses to listen beyond loopback without an API key, and says why", () => {
    expect(() => readEnv({ HTTP_API_HOST: "0.0.0.0" })).toThrow(/HTTP_API_HOST.*TIANWANG_API_KEY/u);
    expect(readEnv({ HTTP_API_HOST: "0.0.0.0", TIANWANG_API_KEY: "k" }).HTTP_API_HOST).toBe("0.0.0.0");
  });
});

it("keeps records beside the pictures unless somebody says otherwise", () => {
  expect(readEnv({}).DATABASE_URL).toBe("file:./data/app.db");
  expect(readEnv({ DATA_DIR: "/srv/shop", DATABASE_URL: "" }).DATABASE_URL).toBe("file:/srv/shop/app.db");
  expect(readEnv({ DATA_DIR: "/srv/shop", DATABASE_URL: "file:/a.db" }).DATABASE_URL).toBe("file:/a.db");
});

it.each(["postgres://u@h", "postgres://u@h/", "postgres://u@h:5432/?x=y", "postgres:///"])(
  "wants a PostgreSQL URL to name its database: %s",
  (url) => {
    expect(() => readEnv({ DATABASE_URL: url })).toThrow("DATABASE_URL");
  },
);
