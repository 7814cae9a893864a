using System.Data.Common;

namespace Acme._1.Consumer.Stores;

/// <summary>The store cannot be reached now.</summary>
internal sealed class StoreUnavailableException(string message, Exception? innerException = null) : DbException(message, innerException);
