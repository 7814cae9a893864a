namespace MqService.Benchmarks.Arms;

/// <summary>So many loops that take what is next, handle it and settle it, until there is no more.</summary>
internal static class Workers
{
    public static Task RunAsync(int count, Func<Task> loop) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(loop)));
}
