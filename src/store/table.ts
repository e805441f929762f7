import { requireOpen, type Db } from "./database.ts";

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** How a noun is kept: its table, its key column, and both ways between noun and row. */
export interface Mapping<T> {
  readonly table: string;
  readonly key: string;
  /** SQL condition for what takes part in planning; the rest is history. */
  readonly live: string;
  /** It is heeded though it could not be written: then memory is the truth, and not the file. */
  readonly heededUnwritten?: boolean;
  toRow(noun: T): Row;
  fromRow(row: Row): T;
}

/**
 * One noun's table. Nouns are values: a change is a new value, saved whole. The file is the truth; what is live is also
 * held in memory, so that a tick over thousands of allocations reads nothing from disk.
 */
export class Table<T> {
  readonly #db: Db;
  readonly #mapping: Mapping<T>;
  readonly #columns: readonly string[];
  readonly #live = new Map<Value, T>();
  /** `#live`'s values, made once for all who ask between two changes. */
  #snapshot: readonly T[] | null = null;
  readonly #upsert;
  readonly #select;

  constructor(db: Db, mapping: Mapping<T>) {
    this.#db = db;
    this.#mapping = mapping;
    const { table, key } = mapping;
    this.#columns = columnsOf(db, table);
    const columns = this.#columns;
    const marks = columns.map(() => "?").join(", ");
    const updates = columns.map((column) => `${column} = excluded.${column}`).join(", ");
    this.#upsert = db.prepare(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks}) ON CONFLICT (${key}) DO UPDATE SET ${updates}`,
    );
    this.#select = db.prepare(`SELECT * FROM ${table} WHERE ${key} = ?`);
    this.#load();
  }

  /** What takes part in planning. */
  live(): readonly T[] {
    this.#snapshot ??= [...this.#live.values()];
    return this.#snapshot;
  }

  get(key: string | number): T | null {
    const live = this.#live.get(key);
    if (live !== undefined) return live;
    const row = this.#select.get(key);
    return isRow(row) ? this.#mapping.fromRow(row) : null;
  }

  /** Writes the noun; `isLive` says whether it still takes part in planning. */
  save(noun: T, isLive: boolean): void {
    requireOpen(this.#db);
    const row = this.#mapping.toRow(noun);
    if (this.#mapping.heededUnwritten === true) this.#hold(row, noun, isLive);
    this.#upsert.run(this.#columns.map((column) => row[column] ?? null));
    this.#hold(row, noun, isLive);
  }

  #hold(row: Row, noun: T, isLive: boolean): void {
    const key = row[this.#mapping.key] ?? null;
    this.#snapshot = null;
    if (isLive) this.#live.set(key, noun);
    else this.#live.delete(key);
  }

  /** Replaces what is held in memory without writing: for facts that may be forgotten in a crash, such as ages. */
  touch(key: string | number, noun: T): void {
    if (!this.#live.has(key)) return;
    this.#snapshot = null;
    this.#live.set(key, noun);
  }

  /** Reads again what is live: after an aborted transaction memory may hold what the file does not. */
  reload(): void {
    if (this.#mapping.heededUnwritten !== true) this.#load();
  }

  #load(): void {
    this.#live.clear();
    this.#snapshot = null;
    const { key, live } = this.#mapping;
    for (const row of this.#rows(`WHERE ${live}`))
      this.#live.set(row[key] ?? null, this.#mapping.fromRow(row));
  }

  /** The newest by `column`, live or not. */
  newest(column: string, limit: number): readonly T[] {
    return this.#rows(`ORDER BY ${column} DESC LIMIT ${Math.trunc(limit)}`).map((row) =>
      this.#nounOf(row),
    );
  }

  /** Those that meet an SQL condition of ours, live or not. */
  select(condition: string, values: readonly Value[]): readonly T[] {
    return this.#rows(`WHERE ${condition}`, values).map((row) => this.#nounOf(row));
  }

  /** How many there are, live or not. */
  count(): number {
    const row = this.#db.prepare(`SELECT count(*) AS n FROM ${this.#mapping.table}`).get();
    return isRow(row) ? Number(row["n"]) : 0;
  }

  /** What is held in memory knows ages that the file does not. */
  #nounOf(row: Row): T {
    return this.#live.get(row[this.#mapping.key] ?? null) ?? this.#mapping.fromRow(row);
  }

  #rows(rest: string, values: readonly Value[] = []): Row[] {
    return this.#db
      .prepare(`SELECT * FROM ${this.#mapping.table} ${rest}`)
      .all([...values])
      .filter((row) => isRow(row));
  }
}

export function isRow(row: unknown): row is Row {
  return typeof row === "object" && row !== null;
}

function columnsOf(db: Db, table: string): string[] {
  return db
    .prepare(`SELECT name FROM pragma_table_info('${table}') ORDER BY cid`)
    .all()
    .map((row) => (isRow(row) ? String(row["name"]) : ""));
}
