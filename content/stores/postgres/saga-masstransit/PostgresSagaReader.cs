using Acme._1.Messaging;
using Microsoft.EntityFrameworkCore;

namespace Acme._1.Consumer.Stores;

/// <summary>The sagas in the database, as others see them.</summary>
internal sealed class PostgresSagaReader(SagaDbContext database) : ISagaReader
{
    public async Task<OrderStatus?> FindAsync(string orderId, CancellationToken cancellationToken)
    {
        var id = MessageIds.ToGuid(orderId);
        return await database.Sagas.AsNoTracking().SingleOrDefaultAsync(saga => saga.CorrelationId == id, cancellationToken) is { } saga
            ? saga.ToStatus()
            : null;
    }

    public async Task<IReadOnlyList<ParkedSaga>> ListParkedAsync(int take, CancellationToken cancellationToken)
    {
        var parked = await database.Sagas.AsNoTracking()
            .Where(saga => saga.ParkedAt != null)
            .OrderBy(saga => saga.ParkedAt)
            .Take(take)
            .ToListAsync(cancellationToken);
        return [.. parked.Select(saga => saga.ToParked())];
    }
}
