import type { Log } from "../domain/log.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type {
  FileStore,
  Gallery,
  ImageEngine,
  ImageModel,
  PictureInspector,
  TextReader,
  WebImageSearch,
} from "../domain/pictures/ports.ts";
import type { PictureDoor } from "../domain/pictures/take-picture.ts";

export type WorkflowDeps = DeskDeps & {
  files: FileStore;
  gallery: Gallery;
  engine: ImageEngine;
  /** Null: what our own engine cannot do goes to a designer. */
  imageModel: ImageModel | null;
  inspector: PictureInspector;
  webImages: WebImageSearch | null;
  door: Pick<PictureDoor, "fetcher" | "inspector">;
  textReader: TextReader;
  log: Log;
};
