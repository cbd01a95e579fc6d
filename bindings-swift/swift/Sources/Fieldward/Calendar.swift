internal import FieldwardNative
import Foundation

/// A day of the proleptic Gregorian calendar, years 1 to 9999, without a time or a zone.
public struct CalendarDate: Sendable, Hashable, Codable, Redacted {
    public let year, month, day: Int

    /// A day that the calendar does not have is refused as `value_out_of_range` when it is encrypted.
    public init(year: Int, month: Int, day: Int) { (self.year, self.month, self.day) = (year, month, day) }

    /// `2024-02-29`.
    public var text: String {
        func digits(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    }

    public var description: String { "CalendarDate" }

    init(_ text: String) throws(FieldwardError) {
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { throw .of("internal") }
        self.init(year: parts[0], month: parts[1], day: parts[2])
    }
}

/// A moment with its offset, or a local time, in its canonical text, which keeps nanoseconds and trailing zeros: RFC 3339, such as
/// `2024-02-29T23:59:59.120Z`, without offset for a local time.
public struct Timestamp: Sendable, Hashable, Codable, Redacted {
    public let text: String

    /// A text that is not canonical is refused when it is encrypted.
    public init(_ text: String) { self.text = text }

    /// A moment in UTC, to the nanosecond: the same `Date` comes back.
    ///
    /// Throws `value_out_of_range` outside the years 1 to 9999, and where a `Date` is finer than nanoseconds, which is near 2001 only.
    public init(_ date: Date) throws(FieldwardError) {
        let interval = date.timeIntervalSinceReferenceDate
        guard interval.magnitude < 1e12 else { throw .of("value_out_of_range") }
        var seconds = interval.rounded(.down)
        var nanoseconds = ((interval - seconds) * 1e9).rounded()
        if nanoseconds == 1e9 { (seconds, nanoseconds) = (seconds + 1, 0) }
        text = try guarded {
            try textOfMoment(seconds: Int64(seconds) + referenceDate, nanoseconds: UInt32(nanoseconds))
        }
        guard try self.date == date else { throw .of("value_out_of_range", "finer than nanoseconds") }
    }

    /// The moment; `nil` for a local time. Throws for a text that is not canonical.
    public var date: Date? {
        get throws(FieldwardError) {
            let moment = try guarded { try momentOfText(text: text) }
            guard !moment.isLocal else { return nil }
            let fraction = Double(moment.nanoseconds) / 1e9
            return Date(timeIntervalSinceReferenceDate: Double(moment.seconds - referenceDate) + fraction)
        }
    }

    public var description: String { "Timestamp" }
}

/// 2001-01-01, in seconds since 1970.
private let referenceDate: Int64 = 978_307_200
