using Acme._1.Consumer.Stores;

namespace Acme._1.Consumer;

public static class StoreExtensions
{
    /// <summary>Adds the store: inbox, outbox and balances, in memory.</summary>
    public static void AddStore(this IHostApplicationBuilder builder)
    {
        builder.AddMemoryInboxAndOutbox();
        builder.Services.AddSingleton<MemoryBalances>();
        builder.Services.AddScoped<IBalanceStore, MemoryBalanceStore>();
    }
}
