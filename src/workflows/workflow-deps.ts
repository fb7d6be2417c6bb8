import type { Log } from "../domain/log.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type {
  FileStore,
  Gallery,
  ImageEngine,
  ImageModel,
  PictureInspector,
  TextReader,
} from "../domain/pictures/ports.ts";

export type WorkflowDeps = DeskDeps & {
  files: FileStore;
  gallery: Gallery;
  engine: ImageEngine;
  /** Null: what our own engine cannot do goes to a designer. */
  imageModel: ImageModel | null;
  inspector: PictureInspector;
  textReader: TextReader;
  log: Log;
};
