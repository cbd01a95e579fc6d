// Runs the examples that are named.

import Foundation

let examples: [String: @Sendable () async throws -> Void] = [
    "record": record, "search": search, "rotate": rotate, "provider": provider, "file": file,
]
for name in CommandLine.arguments.dropFirst() {
    guard let example = examples[name] else { fatalError("examples: \(examples.keys.sorted().joined(separator: ", "))") }
    try await example()
}
