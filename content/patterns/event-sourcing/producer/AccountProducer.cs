using Acme._1.EventStore;
using Acme._1.Messaging;

namespace Acme._1.Producer;

public static class AccountProducer
{
    /// <summary>Adds what it takes to change accounts, and to tell others of it.</summary>
    public static void AddAccounts(this IHostApplicationBuilder builder)
    {
        builder.AddMessaging();
        builder.AddEventStore();
        builder.AddSnapshots();
        builder.Services.AddSingleton<AccountSnapshots>();
        builder.Services.AddSingleton<Accounts>();
    }
}
