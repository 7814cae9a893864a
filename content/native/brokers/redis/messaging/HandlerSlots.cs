namespace Acme._1.Messaging.Redis;

/// <summary>
/// Bounds how many messages of each queue are handled at the same time, so that the slow handlers of one do not hold up
/// the others; and lets one message be handled alone in this process.
/// </summary>
internal sealed class HandlerSlots(int perQueue, IEnumerable<string> queues) : IDisposable
{
    private readonly Dictionary<string, SemaphoreSlim> _free = queues.ToDictionary(queue => queue, _ => new SemaphoreSlim(perQueue));
    private readonly SemaphoreSlim _alone = new(1);

    public Task EnterAsync(string queue, CancellationToken cancellationToken) => _free[queue].WaitAsync(cancellationToken);

    public void Exit(string queue) => _free[queue].Release();

    /// <summary>Returns when nothing is being handled any more, and keeps it so.</summary>
    public async Task EnterAloneAsync(CancellationToken cancellationToken)
    {
        // Two that take all slots one by one would wait for each other.
        await _alone.WaitAsync(cancellationToken);
        var taken = new List<SemaphoreSlim>();
        try
        {
            foreach (var free in _free.Values)
            {
                for (var i = 0; i < perQueue; i++)
                {
                    await free.WaitAsync(cancellationToken);
                    taken.Add(free);
                }
            }
        }
        catch (OperationCanceledException)
        {
            taken.ForEach(free => free.Release());
            throw;
        }
        finally
        {
            _alone.Release();
        }
    }

    public void ExitAlone()
    {
        foreach (var free in _free.Values)
        {
            free.Release(perQueue);
        }
    }

    public void Dispose()
    {
        foreach (var free in _free.Values)
        {
            free.Dispose();
        }

        _alone.Dispose();
    }
}
