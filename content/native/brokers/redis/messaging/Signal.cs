namespace Acme._1.Messaging.Redis;

/// <summary>Wakes the one who waits. Set before, it does so at once; set often, it does so once.</summary>
internal sealed class Signal : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(0);
    private int _isSet;

    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
        {
            _semaphore.Release();
        }
    }

    /// <summary>Returns when it is set, or after the timeout.</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (await _semaphore.WaitAsync(timeout, cancellationToken))
        {
            // Before looking for what it announced, so that what comes from here on sets it again.
            Volatile.Write(ref _isSet, 0);
        }
    }

    public void Dispose() => _semaphore.Dispose();
}
