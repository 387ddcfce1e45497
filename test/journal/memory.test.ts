import { openMemoryJournal } from "../../src/journal/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { describeJournal } from "./suite.ts";

describeJournal("memory journal", async (options) => openMemoryJournal({ clock: fakeClock(), ...options }));
