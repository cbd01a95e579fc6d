package fieldward

import fieldward.ffi.HostSink
import fieldward.ffi.Sink as Ffi

/**
 * Takes the lines of an audit log, in order: one JSON object each, without a line feed.
 *
 * It is called on the thread whose use of a key is logged, which waits for it: be quick, or put the line into a queue. It must not wait
 * for the keyring whose log it is: `invalid_argument`. What it throws does not stop the use of the key: the counter `audit_failures`
 * tells of it.
 */
fun interface AuditSink {
    /** Appends a line, durably as far as the sink promises it. */
    fun append(line: String)
}

/** Where the audit log goes. */
class Sink private constructor(private val inner: Ffi?, private val host: AuditSink?) {
    internal fun of(opening: Opening): Ffi = inner ?: Ffi.host(Host(host!!, opening))

    /** The lines so far, in order, of a sink in memory; none of others. */
    fun lines(): List<String> = inner?.lines().orEmpty()

    companion object {
        /** Appends to a file that only its owner can read, synced line by line. */
        fun jsonLines(path: String): Sink = guarded { Sink(Ffi.jsonLines(path), null) }

        /** Keeps lines in memory: for tests, and for callers who send them on. */
        fun memory(): Sink = guarded { Sink(Ffi.memory(), null) }

        /** A sink of yours. */
        fun of(sink: AuditSink): Sink = Sink(null, sink)
    }

    private class Host(private val sink: AuditSink, private val opening: Opening) : HostSink {
        override fun append(line: String) = opening.tell(Codes.AUDIT) { sink.append(line) }
    }
}

/** What an audit log was found to be. Entries that could not be verified are no problem by themselves: look at their number. */
class AuditReport internal constructor(found: fieldward.ffi.AuditReport) {
    /** Whether nothing is wrong. */
    val isIntact: Boolean = found.isIntact

    /** Entries whose chain holds. */
    val verified: ULong = found.verified

    /** Entries under keys that the keyring does not have. */
    val unverifiable: ULong = found.unverifiable

    /** Entries from before a root was open: anyone could have written them. */
    val unauthenticated: ULong = found.unauthenticated

    /** Writers seen. */
    val writers: ULong = found.writers

    /** How many problems there are; not all are listed. */
    val problemCount: ULong = found.problemCount

    /** The first of them. */
    val problems: List<AuditProblem> = found.problems.map(::AuditProblem)
}

/** Something wrong in an audit log. */
class AuditProblem internal constructor(problem: fieldward.ffi.AuditProblem) {
    /** What it is: `Malformed`, `Edited`, `OutOfOrder`, `EpochFell`, `CutAtTheEnd`, `CheckpointMismatch`. */
    val kind: String = problem.kind

    /** The line, from 1, where it is one. */
    val line: ULong? = problem.line

    /** The writer, where it is known. */
    val writer: String? = problem.writer
}
