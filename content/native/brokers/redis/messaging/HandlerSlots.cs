namespace Acme._1.Messaging.Redis;

/// <summary>Bounds how many messages are handled at the same time, and lets one be handled alone.</summary>
internal sealed class HandlerSlots(int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly SemaphoreSlim _alone = new(1);

    public Task EnterAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    public void Exit() => _free.Release();

    /// <summary>Returns when nothing is being handled any more, and keeps it so.</summary>
    public async Task EnterAloneAsync(CancellationToken cancellationToken)
    {
        // Two that take all slots one by one would wait for each other.
        await _alone.WaitAsync(cancellationToken);
        var taken = 0;
        try
        {
            for (; taken < count; taken++)
            {
                await _free.WaitAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (taken > 0)
        {
            _free.Release(taken);
            throw;
        }
        finally
        {
            _alone.Release();
        }
    }

    public void ExitAlone() => _free.Release(count);

    public void Dispose()
    {
        _free.Dispose();
        _alone.Dispose();
    }
}
