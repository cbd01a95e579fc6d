internal import FieldwardNative

/// Takes the lines of an audit log, in order: one JSON object each, without a line feed.
///
/// It is called on the thread whose use of a key is logged, which waits for it: be quick, or put the line into a queue. It must not wait
/// for the keyring whose log it is: `invalid_argument`. What it throws does not stop the use of the key: the counter `audit_failures`
/// tells of it.
public protocol AuditSink: Sendable {
    /// Appends a line, durably as far as the sink promises it.
    func append(_ line: String) throws
}

/// Where the audit log goes.
public struct Sink: Sendable {
    let of: @Sendable (Opening) -> FieldwardNative.Sink

    /// The lines so far, in order, of a sink in memory; none of others.
    public let lines: @Sendable () -> [String]

    /// Appends to a file that only its owner can read, synced line by line.
    public static func jsonLines(_ path: String) throws(FieldwardError) -> Sink {
        let native = try guarded { try FieldwardNative.Sink.jsonLines(path: path) }
        return Sink(of: { _ in native }, lines: { [] })
    }

    /// Keeps lines in memory: for tests, and for callers who send them on.
    public static func memory() -> Sink {
        let native = FieldwardNative.Sink.memory()
        return Sink(of: { _ in native }, lines: { native.lines() })
    }

    /// A sink of yours.
    public static func of(_ sink: some AuditSink) -> Sink {
        Sink(of: { opening in .host(sink: Host(sink: sink, opening: opening)) }, lines: { [] })
    }
}

private final class Host: HostSink {
    let sink: any AuditSink
    let opening: Opening

    init(sink: any AuditSink, opening: Opening) { (self.sink, self.opening) = (sink, opening) }

    func append(line: String) throws {
        let (sink, opening) = (sink, opening)
        try opening.tell(.audit) { try sink.append(line) }
    }
}

/// What an audit log was found to be. Entries that could not be verified are no problem by themselves: look at their number.
public struct AuditReport: Sendable, Hashable {
    /// Whether nothing is wrong.
    public let isIntact: Bool
    /// Entries whose chain holds.
    public let verified: UInt64
    /// Entries under keys that the keyring does not have.
    public let unverifiable: UInt64
    /// Entries from before a root was open: anyone could have written them.
    public let unauthenticated: UInt64
    /// Writers seen.
    public let writers: UInt64
    /// How many problems there are; not all are listed.
    public let problemCount: UInt64
    /// The first of them.
    public let problems: [AuditProblem]

    init(_ native: FieldwardNative.AuditReport) {
        (isIntact, verified, unverifiable) = (native.isIntact, native.verified, native.unverifiable)
        (unauthenticated, writers) = (native.unauthenticated, native.writers)
        (problemCount, problems) = (native.problemCount, native.problems.map(AuditProblem.init))
    }
}

/// Something wrong in an audit log.
public struct AuditProblem: Sendable, Hashable {
    /// What it is: `Malformed`, `Edited`, `OutOfOrder`, `EpochFell`, `CutAtTheEnd`, `CheckpointMismatch`.
    public let kind: String
    /// The line, from 1, where it is one.
    public let line: UInt64?
    /// The writer, where it is known.
    public let writer: String?

    init(_ native: FieldwardNative.AuditProblem) { (kind, line, writer) = (native.kind, native.line, native.writer) }
}
