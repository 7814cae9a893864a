namespace MqService.Benchmarks;

/// <summary>What was measured cannot be trusted: messages were lost or doubled, or an arm ended.</summary>
public sealed class BenchmarkException(string message) : Exception(message);
