import type { UploadKind } from "./files.ts";

/** What GET /parameters says unless an app says otherwise: every feature off, no inputs. */
export function parametersOf(limits: Record<UploadKind, number>, own: Record<string, unknown>) {
  const off = { enabled: false };
  const megabytes = (kind: UploadKind) => limits[kind] / (1024 * 1024);
  return {
    opening_statement: "",
    suggested_questions: [],
    suggested_questions_after_answer: off,
    speech_to_text: off,
    text_to_speech: off,
    retriever_resource: { enabled: true },
    annotation_reply: off,
    more_like_this: off,
    user_input_form: [],
    sensitive_word_avoidance: off,
    file_upload: { image: { ...off, number_limits: 3, transfer_methods: ["remote_url", "local_file"] } },
    system_parameters: {
      file_size_limit: megabytes("other"),
      image_file_size_limit: megabytes("image"),
      audio_file_size_limit: megabytes("audio"),
      video_file_size_limit: megabytes("video"),
      workflow_file_upload_limit: 10,
    },
    ...own,
  };
}
