import type { Kysely } from "kysely";
import { type MigrationProvider, Migrator } from "kysely/migration";
import { AppError, errorText } from "../domain/errors.ts";
import { first } from "./migrations/0001-first.ts";
import { ordersInDepth } from "./migrations/0002-orders-in-depth.ts";
import { demandsWeighed } from "./migrations/0003-demands-weighed.ts";
import { manyWriters } from "./migrations/0004-many-writers.ts";
import { sharedJobs } from "./migrations/0005-shared-jobs.ts";
import { leases } from "./migrations/0006-leases.ts";
import { jobsTold } from "./migrations/0007-jobs-told.ts";
import { knowledge } from "./migrations/0008-knowledge.ts";
import { demandSource } from "./migrations/0009-demand-source.ts";
import { helpdesk } from "./migrations/0010-helpdesk.ts";
import { wecom } from "./migrations/0011-wecom.ts";
import { postingBlocks } from "./migrations/0012-posting-blocks.ts";
import { knowledgeVectors } from "./migrations/0013-knowledge-vectors.ts";
import { jobsTellWho } from "./migrations/0014-jobs-tell-who.ts";
import { configVersions } from "./migrations/0015-config-versions.ts";
import { turnCases } from "./migrations/0016-turn-cases.ts";
import type { DatabaseKind } from "./migrations/database-kind.ts";
import type { Database } from "./schema.ts";

/** Brings the schema up to date; numbered, each once. Throws AppError("migration-failed"). */
export async function migrate(db: Kysely<Database>, kind: DatabaseKind): Promise<void> {
  const provider: MigrationProvider = {
    getMigrations: async () => ({
      "0001_first": first(kind),
      "0002_orders_in_depth": ordersInDepth(kind),
      "0003_demands_weighed": demandsWeighed(),
      "0004_many_writers": manyWriters(),
      "0005_shared_jobs": sharedJobs(kind),
      "0006_leases": leases(),
      "0007_jobs_told": jobsTold(kind),
      "0008_knowledge": knowledge(kind),
      "0009_demand_source": demandSource(),
      "0010_helpdesk": helpdesk(),
      "0011_wecom": wecom(),
      "0012_posting_blocks": postingBlocks(),
      "0013_knowledge_vectors": knowledgeVectors(kind),
      "0014_jobs_tell_who": jobsTellWho(kind),
      "0015_config_versions": configVersions(kind),
      "0016_turn_cases": turnCases(),
    }),
  };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw new AppError("migration-failed", errorText(error), { cause: error });
}
