namespace Acme._1.Consumer.Stores;

/// <summary>
/// The last quotes that were given, in this process's memory: for trying things out. Another process, and this one after
/// a restart, knows nothing of them; use a database where that matters.
/// </summary>
internal sealed class MemoryQuoteStore : IQuoteStore
{
    /// <summary>As many quotes are kept; memory stays bounded.</summary>
    private const int Capacity = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, IssuedQuote> _quotes = [];
    private readonly Queue<string> _inOrder = [];

    public Task<IssuedQuote> GetOrAddAsync(IssuedQuote quote, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_quotes.TryGetValue(quote.RequestId, out var existing))
            {
                return Task.FromResult(existing);
            }

            _quotes.Add(quote.RequestId, quote);
            _inOrder.Enqueue(quote.RequestId);
            if (_inOrder.Count > Capacity)
            {
                _quotes.Remove(_inOrder.Dequeue());
            }

            return Task.FromResult(quote);
        }
    }

    public Task<IssuedQuote?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_quotes.GetValueOrDefault(requestId));
        }
    }
}
