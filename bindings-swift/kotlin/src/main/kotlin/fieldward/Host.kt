package fieldward

import fieldward.ffi.Refusal
import fieldward.ffi.Thrown
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.TimeoutException
import kotlin.time.Duration

/** The openings of keyrings whose providers, stores, pins and sinks run on this thread, or in this coroutine. */
private val asking = ThreadLocal.withInitial { emptySet<Opening>() }

/** Threads for providers and stores: those that wait for them are others, so that there is always one left to answer. */
private val threads = Dispatchers.IO.limitedParallelism(64)

/** One opening of a keyring: calls back into it are refused where its own providers, stores and sinks make them. */
internal class Opening {
    /** Refuses a call that would wait for itself. */
    fun check() {
        if (this in asking.get()) refuse("invalid_argument", "called from inside a provider, store or sink of the same keyring")
    }

    /** Runs a provider's or store's code and waits for it, at most for [limit]: then it is cancelled, and its answer comes too late. */
    @OptIn(ExperimentalCoroutinesApi::class)
    fun <T> ask(limit: Duration, codes: Codes, call: suspend () -> T): T = refusing(codes) {
        val context = threads + asking.asContextElement(asking.get() + this)
        // as a result: coroutines would make copies of exceptions
        val answer = CoroutineScope(context).async { runCatching { call() } }
        try {
            runBlocking { withTimeoutOrNull(limit) { answer.join() } } ?: throw TimeoutException("no answer within $limit")
        } finally {
            answer.cancel()
        }
        answer.getCompleted().getOrThrow()
    }

    /** Runs a sink's code. */
    fun tell(codes: Codes, call: () -> Unit): Unit = refusing(codes) {
        val before = asking.get()
        asking.set(before + this)
        try {
            call()
        } finally {
            asking.set(before)
        }
    }
}

/** What failures mean that have no code of their own. */
internal enum class Codes(val denied: String, val late: String) {
    PROVIDER("provider_denied", "provider_unavailable"),
    STORE("store_denied", "store_timeout"),
    PIN("pin_unavailable", "pin_unavailable"),
    AUDIT("audit_sink_failed", "audit_sink_failed"),
}

/** Bytes that the library looks at, unless they are so many that they never reach the boundary. */
internal fun ByteArray.within(code: String): ByteArray = if (size > 1 shl 25) refuse(code) else this

/** An exception on its way through the library. */
internal class Kept(val throwable: Throwable) : Thrown {
    override fun typeName(): String = throwable.javaClass.name
}

@Suppress("TooGenericExceptionCaught") // whatever is thrown becomes the cause
private inline fun <T> refusing(codes: Codes, call: () -> T): T =
    try {
        call()
    } catch (thrown: Throwable) {
        val code = when (thrown) {
            is FieldwardException -> thrown.code
            is SecurityException -> codes.denied
            is TimeoutException, is TimeoutCancellationException -> codes.late
            else -> null
        }
        throw Refusal.Of(code, Kept(thrown))
    }
