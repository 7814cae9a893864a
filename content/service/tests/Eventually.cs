using System.Diagnostics;

namespace Acme._1.Tests;

/// <summary>Waits for what a service does in its own time. It is seen over HTTP only, so it must be asked again and again.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <exception cref="TimeoutException">It did not become true in time.</exception>
    public static Task TrueAsync(Func<Task<bool>> condition, string otherwise, TimeSpan? timeout = null) =>
        TrueAsync(condition, () => Task.FromResult(otherwise), timeout);

    /// <exception cref="TimeoutException">It did not become true in time.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<Task<string>> otherwise, TimeSpan? timeout = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > (timeout ?? DefaultTimeout))
            {
                throw new TimeoutException(await otherwise());
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }

    /// <exception cref="TimeoutException">It was still null in the end.</exception>
    public static async Task<T> NotNullAsync<T>(Func<Task<T?>> get, string otherwise)
        where T : class
    {
        T? value = null;
        await TrueAsync(async () => (value = await get()) is not null, otherwise);
        return value!;
    }
}
