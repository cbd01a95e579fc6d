import Dispatch

/// Threads that may wait: for providers, stores and files. Swift's own never do.
private let threads = DispatchQueue(label: "fieldward", attributes: .concurrent)

/// Runs a call that may ask a provider, off the caller's thread.
func waiting<T: Sendable>(_ call: @escaping @Sendable () throws -> T) async throws(FieldwardError) -> T {
    let result = await withCheckedContinuation { continuation in
        threads.async {
            continuation.resume(returning: Result<T, FieldwardError> { () throws(FieldwardError) in try guarded(call) })
        }
    }
    return try result.get()
}

/// Waits for an asynchronous call, on a thread that may wait. The call runs on such threads too where the system can be told so: Swift's
/// own may all be waiting for what this gives.
func waited<T: Sendable>(for call: @escaping @Sendable () async throws -> T) throws -> T {
    let reply = Reply<T>()
    let run: @Sendable () async -> Void = {
        do {
            reply.result = .success(try await call())
        } catch {
            reply.result = .failure(error)
        }
        reply.arrived.signal()
    }
    if #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) {
        Task.detached(executorPreference: Executor.shared, operation: run)
    } else {
        Task.detached(operation: run)
    }
    reply.arrived.wait()
    guard let result = reply.result else { throw FieldwardError.of("internal") }
    return try result.get()
}

/// Written before the signal, read after it.
private final class Reply<T: Sendable>: @unchecked Sendable {
    let arrived = DispatchSemaphore(value: 0)
    var result: Result<T, any Error>?
}

@available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
private final class Executor: TaskExecutor {
    static let shared = Executor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
