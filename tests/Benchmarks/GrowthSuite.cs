namespace MqService.Benchmarks;

public static class GrowthSuite
{
    public static Task<int> RunAsync(Workshop workshop, BenchmarkOptions options, CancellationToken ct) => throw new NotImplementedException();
}
