import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type { FileStore, Gallery, ImageEngine, PictureInspector } from "../domain/pictures/ports.ts";

export type WorkflowDeps = DeskDeps & {
  files: FileStore;
  gallery: Gallery;
  engine: ImageEngine;
  inspector: PictureInspector;
};
