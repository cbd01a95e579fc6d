internal import FieldwardNative

/// A clock that stands still until it is moved, for tests and demonstrations. Seconds since 1970.
public struct ManualClock: Sendable {
    let native: FieldwardNative.ManualClock

    /// A clock that shows `now`.
    public init(_ now: Int64) { native = FieldwardNative.ManualClock(now: now) }

    /// Now.
    public var now: Int64 { native.now() }

    /// Moves the clock by so many seconds.
    public func advance(_ seconds: Int64) { native.advance(seconds: seconds) }
}
