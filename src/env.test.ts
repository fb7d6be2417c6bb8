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
  ])("refuses %s=%s", (name, value) => {
    expect(() => readEnv({ [name]: value })).toThrow(name);
  });

  it("refuses to listen beyond loopback without an API key, and says why", () => {
    expect(() => readEnv({ HTTP_API_HOST: "0.0.0.0" })).toThrow(/HTTP_API_HOST.*TIANWANG_API_KEY/u);
    expect(readEnv({ HTTP_API_HOST: "0.0.0.0", TIANWANG_API_KEY: "k" }).HTTP_API_HOST).toBe("0.0.0.0");
  });
});
