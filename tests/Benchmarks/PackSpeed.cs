namespace MqService.Benchmarks;

public static class PackSpeed
{
    public static Task RunAsync(CancellationToken ct) => throw new NotImplementedException();
}
