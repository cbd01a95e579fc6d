package fieldward

import fieldward.ffi.HostPin
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import fieldward.ffi.Pin as Ffi
import fieldward.ffi.PinnedState as FfiState

/**
 * A pin of yours: a place that remembers one state per keyring, out of reach of whoever writes the store. Which state comes after which is the
 * library's to say. Calls may come from any thread, and must not wait for the keyring that it pins: `invalid_argument`.
 *
 * Whatever it throws is `pin_unavailable`, and the cause of what the caller sees.
 */
interface GenerationPin {
    /** What is remembered of a keyring; null before the first use. A pin that fails throws. */
    suspend fun read(keyringId: String): PinnedState?

    /**
     * Puts [state] in the place of [expected] (null: nothing is remembered), in one step. True once it is durable, false if another one
     * stands there.
     */
    suspend fun write(expected: PinnedState?, state: PinnedState): Boolean
}

/**
 * The newest state of a keyring that was seen. Nothing in it is secret.
 *
 * @property keyringId the keyring's id.
 * @property epoch the root epoch.
 * @property generation the document's generation.
 */
class PinnedState(val keyringId: String, rootIdentity: ByteArray, val epoch: UInt, val generation: ULong) {
    private val identity = rootIdentity.copyOf()

    internal constructor(state: FfiState) : this(state.keyringId, state.rootIdentity, state.epoch, state.generation)

    /** What names the root, 32 bytes. */
    val rootIdentity: ByteArray get() = identity.copyOf()

    override fun equals(other: Any?): Boolean = other is PinnedState && keyringId == other.keyringId &&
        epoch == other.epoch && generation == other.generation && identity.contentEquals(other.identity)

    override fun hashCode(): Int = 31 * keyringId.hashCode() + generation.hashCode()

    override fun toString(): String = "PinnedState($keyringId, epoch $epoch, generation $generation)"

    internal fun toFfi() = FfiState(keyringId, identity, epoch, generation)
}

/** What remembers how far a keyring's document has come, so that an older one is refused. */
class Pin private constructor(internal val of: (Opening) -> Ffi) {
    companion object {
        /** Pins in a directory out of reach of whoever writes the store. */
        fun file(directory: String): Pin = guarded { shared(Ffi.file(directory)) }

        /** A pin in memory: refuses older documents for as long as it lives. */
        fun memory(): Pin = guarded { shared(Ffi.memory()) }

        /** A pin of yours. One that does not answer within [timeout] is cancelled: `pin_unavailable`. */
        fun of(pin: GenerationPin, timeout: Duration = 60.seconds): Pin =
            Pin { opening -> Ffi.host(Host(pin, timeout, opening)) }

        private fun shared(inner: Ffi) = Pin { inner }
    }

    private class Host(private val pin: GenerationPin, private val timeout: Duration, private val opening: Opening) : HostPin {
        override fun read(keyringId: String): FfiState? =
            opening.ask(timeout, Codes.PIN) { pin.read(keyringId)?.toFfi() }

        override fun write(expected: FfiState?, state: FfiState): Boolean =
            opening.ask(timeout, Codes.PIN) { pin.write(expected?.let(::PinnedState), PinnedState(state)) }
    }
}
