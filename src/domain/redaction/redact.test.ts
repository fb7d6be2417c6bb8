import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectGone, planted } from "../../testing/planted.ts";
import { redact } from "./redact.ts";
import { redactText } from "./redact-text.ts";

describe("what is taken out", () => {
  it.each(planted)("%s%s%s, in running text", (before, raw, after) => {
    expectGone(redactText(before + raw + after), raw);
    expectGone(redactText(`你好\n${before}${raw}${after}\n做一张名片`), raw);
  });

  it.each(planted)("%s%s%s, in a nested object", (before, raw, after) => {
    const said = redact({ turnId: "t_01", steps: [{ input: { text: before + raw + after } }] });
    expectGone(said, raw);
    expect(said).toMatchObject({ turnId: "t_01" });
  });

  it.each(planted)("%s%s%s, in JSON in a string, once and twice", (before, raw, after) => {
    const once = JSON.stringify({ message: { text: before + raw + after }, price: 50 });
    expectGone(redactText(once), raw);
    expect(redactText(once)).toContain('"price":50');
    expectGone(redactText(JSON.stringify({ body: once })), raw);
  });

  it.each([
    "password",
    "api_key",
    "apiKey",
    "phone",
    "receiver_name",
    "address",
    "密码",
    "收件人",
    "手机号",
    "cookie",
  ])("what stands under %s in JSON in a string", (key) => {
    const once = JSON.stringify({ a: { [key]: 'pláin "one" x' }, keyword: "名片", inputTokens: 12 });
    for (const text of [once, JSON.stringify(once), JSON.stringify(JSON.stringify({ once }))]) {
      const said = redactText(text);
      expect(said).not.toMatch(/pláin|one\\* x/u);
      expect(said).toContain("名片");
      expect(said).toContain("12");
    }
  });

  it("reads characters that JSON wrote as numbers", () => {
    expectGone(redactText('{"a":"\\u5bc6\\u7801\\u662fhunter2"}'), "hunter2");
  });
});

it.each([
  "做一张名片，50元",
  "3 张图",
  "尺寸 10x15cm，3000x2000，800*800，300dpi",
  "尺寸 150 200 300 50",
  "路过",
  "我叫你改一下",
  "我叫她来看",
  "单号 2748213390125567890",
  "订单号: 4123456789012345",
  "2026-11-22T11:24:10.123Z",
  "2026-11-22 11:24",
  "at 1763798400000 ms",
  "550e8400-e29b-41d4-a716-446655440000",
  "13800138-1380-4138-8138-138001380001",
  "01JD8X2M3N4P5Q6R7S8T9V0W1X",
  "m_t_01JD8X2M3N4P5Q6R7S8T9V0W1X",
  "t_01 conv_abc",
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "e3b0c44298fc",
  "logo@2x.png, IMG_20261122_112410.jpg",
  "127.0.0.1:5678",
  "http://127.0.0.1:5678/v1/turns?limit=20",
  "150.200.100.50",
  "密码锁图案",
  "邮箱图标",
  "地址栏",
  "身份证复印件",
  "密码忘了怎么办",
  "地址是什么",
  "收货地址在哪里填",
  "联系人图标要换一下",
  "姓名贴 100 张",
  "验证码图片做 4 张",
  "微信支付可以吗",
  "QQ表情",
  "做一张城市夜景海报，市区也行",
  "超市促销区海报",
  "电话图标放在左边",
  "inputTokens: 1234, outputTokens: 56",
  '{"inputTokens":1234,"keyword":"名片","job_key":"a|b","dedupeKey":"x","turnId":"t_01"}',
  "keyword=名片",
  "新A4 300dpi",
  "0.13800138000",
  "先付 25.5 元，后付 100 元",
  "一二三四五六七八九十",
  "node:internal/modules/run_main:123:45",
  "Basic information about the shop",
  "做 2 个版本，1 号图和 3 号图",
  "这道题第一道工序",
])("leaves %j", (text) => {
  expect(redactText(text)).toBe(text);
});

const piece = fc.oneof(
  fc.constantFrom(...planted.map((row) => row.join("")), ...planted.map((row) => row[1])),
  fc.constantFrom(
    "密码",
    "：",
    "=",
    '"',
    '\\"',
    "\\",
    "[phone]",
    "[secret]",
    "{",
    "}",
    "是",
    " ",
    "\n",
    "1",
    "路",
    "号",
  ),
  fc.constantFrom(
    "省",
    "市",
    "区",
    "3栋",
    "@",
    "token=",
    '"phone":',
    "address:",
    "\u200b",
    "一",
    "Cookie: ",
    "+",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const anyText = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));

it("gives the same when it reads what it wrote", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const once = redactText(text);
      expect(redactText(once)).toBe(once);
    }),
    { numRuns: 3_000 },
  );
});

it("never throws", () => {
  fc.assert(
    fc.property(
      fc.anything({
        withMap: true,
        withSet: true,
        withDate: true,
        withBigInt: true,
        withNullPrototype: true,
      }),
      (value) => {
        redact(value);
      },
    ),
    { numRuns: 1_000 },
  );
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  const getter = {
    get a(): string {
      throw new Error("no");
    },
    b: 1,
  };
  expect(redact([hostile, getter])).toEqual(["[unreadable]", { a: "[unreadable]", b: 1 }]);
});

it.each([
  ["password", "[secret]"],
  ["passwd", "[secret]"],
  ["PWD", "[secret]"],
  ["client_secret", "[secret]"],
  ["corpSecret", "[secret]"],
  ["token", "[secret]"],
  ["accessToken", "[secret]"],
  ["x-api-key", "[secret]"],
  ["apiKey", "[secret]"],
  ["Authorization", "[secret]"],
  ["set-cookie", "[secret]"],
  ["密码", "[secret]"],
  ["phone", "[phone]"],
  ["receiver_mobile", "[phone]"],
  ["tel", "[phone]"],
  ["收件人电话", "[phone]"],
  ["手机号", "[phone]"],
  ["id_card", "[id]"],
  ["idcard", "[id]"],
  ["身份证号", "[id]"],
  ["bank_card", "[card]"],
  ["userEmail", "[email]"],
  ["address", "[address]"],
  ["shippingAddress", "[address]"],
  ["收货地址", "[address]"],
  ["consignee", "[name]"],
  ["receiver-name", "[name]"],
  ["收件人", "[name]"],
  ["wechat_id", "[account]"],
])("replaces what stands under %s", (key, marker) => {
  expect(redact({ [key]: "anything" })).toEqual({ [key]: marker });
  expect(redact(new Map([[key, "anything"]]))).toEqual(new Map([[key, marker]]));
});

it("leaves what stands under names that only sound like it", () => {
  const value = {
    inputTokens: 12,
    outputTokens: 3,
    maxTokens: 4_000,
    tokens: 7,
    token_count: 1,
    keyword: "名片",
    job_key: "a",
    dedupeKey: "b",
    turnId: "t_01",
    ipAddress: "127.0.0.1",
    hotel: "x",
    microphone: "y",
    hasPhone: true,
    phone: null,
    email: "",
    tool_name: "z",
    tokensUsed: "12",
    name: "order_lookup",
    emailIcon: "e",
    subject: "s",
  };
  expect(redact(value)).toEqual(value);
});

it("takes out numbers that are a phone, a card or an identity, and no times", () => {
  expect(redact([13800138000, 4111111111111111, 110105491231002, 13800138000n])).toEqual([
    "[phone]",
    "[card]",
    "[id]",
    "[phone]",
  ]);
  const kept = [
    1763798400000,
    1763798400,
    50,
    0.5,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    new Date(0),
    undefined,
  ];
  expect(redact(kept)).toEqual(kept);
});

it("takes errors, sets, classes, bytes and circles", () => {
  const error = Object.assign(new Error("call 13800138000", { cause: new Error("密码是hunter2") }), {
    phone: "1",
    status: 500,
  });
  expect(redact(error)).toMatchObject({
    name: "Error",
    message: "call [phone]",
    phone: "[phone]",
    status: 500,
  });
  expect(JSON.stringify(redact(error))).not.toMatch(/hunter2|13800138000/u);
  class Buyer {
    note = "13800138000";
  }
  class Empty {
    #hidden = 1;
    get one() {
      return this.#hidden;
    }
  }
  const empty = new Empty();
  expect(redact(new Buyer())).toEqual({ note: "[phone]" });
  expect(redact(empty)).toBe(empty);
  expect(redact(new Set(["13800138000"]))).toEqual(new Set(["[phone]"]));
  expect(redact(new Headers({ authorization: "Bearer abcdefgh" }))).toEqual({ authorization: "[secret]" });
  expect(redact(new URL("https://a.example/?token=abcdefgh"))).toBe("https://a.example/?token=[secret]");
  expect(redact(new Uint8Array(12))).toBe("[12 bytes]");
  const circle: Record<string, unknown> = { a: 1 };
  circle.self = circle;
  expect(redact(circle)).toEqual({ a: 1, self: "[circular]" });
  let deep: unknown = "13800138000";
  for (let depth = 0; depth < 10_000; depth++) deep = [deep];
  expect(JSON.stringify(redact(deep))).toContain("[cut]");
  const same = { a: "x" };
  expect(redact([same, same])).toEqual([same, same]);
});

it.each([
  ["digits", "1".repeat(100_000)],
  ["digits apart", "1 ".repeat(50_000)],
  ["fours apart", "4 ".repeat(50_000)],
  ["blanks", " ".repeat(100_000)],
  ["a@", "a@".repeat(50_000)],
  ["letters", "a".repeat(100_000)],
  ["backslashes", "\\".repeat(100_000)],
  ["quotes", '\\"'.repeat(50_000)],
  ["han", "市区路里村镇".repeat(16_000)],
  ["one character", "市".repeat(100_000)],
  ["ordinary han", "做一张名片改一下颜色".repeat(10_000)],
  ["numerals", "一".repeat(100_000)],
  ["labels", "密码是".repeat(30_000)],
  ["addresses", "地址：".repeat(30_000)],
  ["keys", '"password":"'.repeat(8_000)],
  ["open brackets", '"password":['.repeat(8_000)],
  ["naked keys", "token=".repeat(16_000)],
  ["schemes", "a://".repeat(25_000)],
  ["dots", "a.".repeat(50_000)],
  ["ids", "3栋".repeat(30_000)],
  ["ordinary", "做一张名片，50元，尺寸 10x15cm。\n".repeat(4_500)],
])("reads 100 kB of %s quickly", (_name, text) => {
  redactText(text.slice(0, 1_000));
  const before = performance.now();
  redactText(text);
  expect(performance.now() - before).toBeLessThan(500);
});
