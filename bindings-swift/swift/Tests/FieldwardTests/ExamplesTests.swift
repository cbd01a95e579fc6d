import Foundation
import Testing

/// `test.sh` runs the examples and compares what they print; the README shows parts of them.
@Suite struct ExamplesTests {
    func lines(_ text: String) -> String {
        text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    @Test func theReadmeShowsWhatRuns() throws {
        let readme = try String(contentsOf: root.appendingPathComponent("bindings-swift/README.md"), encoding: .utf8)
        let shown = readme.components(separatedBy: "```swift\n").dropFirst().map { lines($0.components(separatedBy: "```")[0]) }
        let directory = root.appendingPathComponent("bindings-swift/swift/Examples")
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        let examples = try files.filter { $0.lastPathComponent != "main.swift" }.map { lines(try String(contentsOf: $0, encoding: .utf8)) }
        #expect(examples.count == 5 && shown.count == 5)
        for example in examples { #expect(shown.filter { example.contains($0) }.count == 1) }
    }
}
