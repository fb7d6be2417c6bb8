/** A page that a search engine found; title and text are strangers' words. */
export type WebPage = { title: string; url: string; text: string };

export type WebSearch = {
  /** Best first; empty when nothing was found or the engine is away. */
  search(words: string, limit: number): Promise<WebPage[]>;
};
