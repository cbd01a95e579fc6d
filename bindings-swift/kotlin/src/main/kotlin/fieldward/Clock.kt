package fieldward

/** A clock that stands still until it is moved, for tests and demonstrations. Seconds since 1970. */
class ManualClock(now: Long) {
    internal val inner = fieldward.ffi.ManualClock(now)

    /** Now. */
    val now: Long get() = inner.now()

    /** Moves the clock by so many seconds. */
    fun advance(seconds: Long) = inner.advance(seconds)
}
