import { describe, expect, it } from "vitest";
import { readFlatXml } from "./flat-xml.ts";

describe("the XML of a callback", () => {
  it("gives every element as text, also numbers that no number can hold, CDATA and what is inside another", () => {
    const xml =
      "<xml><ToUserName><![CDATA[ww1]]></ToUserName><MsgId>7000000000000000001</MsgId>" +
      "<Content><![CDATA[1 < 2 && ]]]]><![CDATA[> &lt;b&gt;]]></Content><Event>a &amp; b</Event><Empty></Empty>" +
      "<SelectedItems><SelectedItem><QuestionKey>q1</QuestionKey></SelectedItem></SelectedItems></xml>";
    expect({ ...readFlatXml(xml) }).toEqual({
      ToUserName: "ww1",
      MsgId: "7000000000000000001",
      Content: "1 < 2 && ]]> &lt;b&gt;",
      Event: "a & b",
      Empty: "",
      QuestionKey: "q1",
    });
  });

  it("takes the first of a name, and expands no entity of a document type", () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Content>&a;</Content><Content>two</Content></xml>';
    expect(readFlatXml(bomb).Content).toBe("&a;");
  });

  it("has no members but those that were sent", () => {
    expect(readFlatXml("<xml><__proto__>x</__proto__></xml>").constructor).toBeUndefined();
  });

  it("does not follow a stranger into the depth", () => {
    const began = performance.now();
    expect(() => readFlatXml("<a>".repeat(300_000))).toThrow("nested too deep");
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it("refuses what is not a callback", () => {
    for (const text of ["", "hello", "<html><xml></xml></html>", "{}"])
      expect(() => readFlatXml(text)).toThrow("not the XML of a callback");
  });
});
