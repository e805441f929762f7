import { isUtf8 } from "node:buffer";
import type { Db } from "./database.ts";

/**
 * Is all text of the database text? SQLite's own check does not look, and libsql ends the whole process when it reads
 * bytes that are no UTF-8: a single damaged sector would end every start without a word.
 *
 * @returns what is wrong, or `null`.
 */
export function findBrokenText(db: Db): string | null {
  // The schema first: the names that follow are read from it.
  if (!isText(db, "SELECT CAST(coalesce(sql, '') || name AS BLOB) FROM sqlite_schema")) {
    return "its schema is no text";
  }
  for (const table of column(db, "SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const columns = column(
      db,
      `SELECT name FROM pragma_table_info('${table}') WHERE type = 'TEXT'`,
    ).map((name) => `coalesce("${name}", '')`);
    if (columns.length === 0) continue;
    if (!isText(db, `SELECT CAST(${columns.join(" || ")} AS BLOB) FROM "${table}"`)) {
      return `the table ${table} holds what is no text`;
    }
  }
  return null;
}

/** Of a query for bytes. */
function isText(db: Db, query: string): boolean {
  for (const row of db.prepare(query).raw().iterate()) {
    const bytes: unknown = Array.isArray(row) ? row[0] : null;
    if (bytes instanceof Uint8Array && !isUtf8(bytes)) return false;
  }
  return true;
}

function column(db: Db, query: string): string[] {
  return db
    .prepare(query)
    .raw()
    .all()
    .map((row) => (Array.isArray(row) ? String(row[0]) : ""));
}
