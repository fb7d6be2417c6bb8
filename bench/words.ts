/** What the bench's buyers say: words that are answered at once, and questions that need a look at the case. */
export const PLAIN = ["在吗", "你好", "谢谢啦", "好的", "能便宜点吗", "哈喽"];
export const TOOL = ["我的图做好了吗", "进度怎么样了", "什么时候能做好呀"];
