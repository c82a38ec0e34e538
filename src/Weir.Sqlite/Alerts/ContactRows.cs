using Weir.Engine;

namespace Weir.Sqlite;

internal static class ContactRows
{
    /// <summary>Columns: id, account, address, types, created_at.</summary>
    public static List<Contact> Read(Statement rows)
    {
        List<Contact> contacts = [];
        while (rows.Step())
        {
            contacts.Add(new Contact(rows.Text(0), rows.Int64(1), rows.Text(2), WebhookRows.Texts(rows, 3), Clock.FromMicros(rows.Int64(4))));
        }

        return contacts;
    }

    /// <summary>All contacts of an account from now on; returns how many there were.</summary>
    public static int Replace(Connection connection, int workspace, long account, IReadOnlyList<Contact> contacts)
    {
        HashSet<string> stay = [.. contacts.Select(contact => contact.Address)];
        List<Contact> before = Read(connection.Prepared("Alerts/ReadContacts").Bind(1, workspace).Bind(2, EntryRows.JsonOf([account])));
        foreach (Contact gone in before.Where(contact => !stay.Contains(contact.Address)))
        {
            connection.Prepared("Alerts/DeleteContact").Bind(1, workspace).Bind(2, gone.Id).Run();
            DeliveryRows.RemoveAll(connection, workspace, gone.Id);
        }

        foreach (Contact contact in contacts)
        {
            connection.Prepared("Alerts/WriteContact").Bind(1, workspace).Bind(2, account).Bind(3, contact.Address).Bind(4, contact.Id)
                .Bind(5, WebhookRows.Json(contact.Types)).Bind(6, Clock.ToMicros(contact.CreatedAt)).Run();
        }

        return before.Count;
    }
}
