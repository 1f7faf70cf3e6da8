"""Shops of others, written small for tests: shaped like sample shops and like large shop systems.

All rows are invented.

A table is one line: its name, then its columns. `id*` is a key, `?` may be empty, `>other.id` is a foreign key, and the
letter after a colon is the type: i whole number (default for keys and references), s short text, l long text, m money,
d moment, y day, b yes or no, x bytes, j JSON. Without a letter a column is short text.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine, MetaData

_TYPES = {
    "i": sa.Integer, "s": lambda: sa.String(120), "l": sa.Text, "m": lambda: sa.Numeric(12, 4), "d": sa.DateTime,
    "y": sa.Date, "b": sa.Boolean, "x": sa.LargeBinary, "j": sa.JSON, "k": lambda: sa.String(5), "w": sa.SmallInteger,
}  # fmt: skip


def schema(text: str) -> MetaData:
    """The tables of a text written as the head of this file says."""
    metadata = MetaData()
    for line in text.strip().splitlines():
        name, _, columns = line.strip().partition(" ")
        sa.Table(name, metadata, *_columns(columns.split()))
    return metadata


def _columns(written: Iterable[str]) -> Iterable[sa.Column]:
    written = list(written)
    alone = sum(1 for each in written if "*" in each) == 1
    for each in written:
        rest, _, target = each.partition(">")
        rest, _, letter = rest.partition(":")
        name = rest.rstrip("*?")
        key, optional = "*" in rest, "?" in rest
        kind = _TYPES[letter or ("i" if key or target or name.endswith("_id") or name.startswith("id_") else "s")]()
        references = [sa.ForeignKey(target, use_alter="!" in rest)] if target else []
        yield sa.Column(name.rstrip("!"), kind, *references, primary_key=key, nullable=optional and not key,
                        autoincrement="auto" if alone else False)  # fmt: skip


MUSIC = """
Employee EmployeeId* LastName FirstName Title? ReportsTo?:i>Employee.EmployeeId BirthDate?:d HireDate?:d Address? Phone? Email?
Customer CustomerId* FirstName LastName Company? Address? City? State? Country? PostalCode? Phone? Fax? Email SupportRepId?:i>Employee.EmployeeId
Invoice InvoiceId* CustomerId:i>Customer.CustomerId InvoiceDate:d BillingAddress? BillingCity? BillingState? BillingCountry? BillingPostalCode? Total:m
Artist ArtistId* Name?
Album AlbumId* Title ArtistId:i>Artist.ArtistId
Genre GenreId* Name?
MediaType MediaTypeId* Name?
Track TrackId* Name AlbumId?:i>Album.AlbumId MediaTypeId:i>MediaType.MediaTypeId GenreId?:i>Genre.GenreId Composer? Milliseconds:i UnitPrice:m
InvoiceLine InvoiceLineId* InvoiceId:i>Invoice.InvoiceId TrackId:i>Track.TrackId UnitPrice:m Quantity:i
Playlist PlaylistId* Name?
PlaylistTrack PlaylistId*:i>Playlist.PlaylistId TrackId*:i>Track.TrackId
"""  # noqa: E501

WHOLESALE = """
categories category_id*:w category_name description?:l picture?:x
customers customer_id*:k company_name contact_name? contact_title? address? city? region? postal_code? country? phone? fax?
customer_demographics customer_type_id*:k customer_desc?:l
customer_customer_demo customer_id*:k>customers.customer_id customer_type_id*:k>customer_demographics.customer_type_id
employees employee_id*:w last_name first_name title? birth_date?:y hire_date?:y address? home_phone? photo?:x notes?:l reports_to?:w>employees.employee_id
region region_id*:w region_description
territories territory_id*:s territory_description region_id:w>region.region_id
employee_territories employee_id*:w>employees.employee_id territory_id*:s>territories.territory_id
shippers shipper_id*:w company_name phone?
suppliers supplier_id*:w company_name contact_name? contact_title? address? city? phone? homepage?:l
products product_id*:w product_name supplier_id?:w>suppliers.supplier_id category_id?:w>categories.category_id unit_price?:m
orders order_id*:w customer_id?:k>customers.customer_id employee_id?:w>employees.employee_id order_date?:y required_date?:y shipped_date?:y ship_via?:w>shippers.shipper_id freight?:m ship_name? ship_address? ship_city? ship_region? ship_postal_code? ship_country?
order_details order_id*:w>orders.order_id product_id*:w>products.product_id unit_price:m quantity:w discount:m
us_states state_id*:w state_name? state_abbr? state_region?
"""  # noqa: E501


def music_shop(engine: Engine) -> MetaData:
    """Whole names as keys, an invoice that may not lose its customer, staff who look after customers."""
    made = schema(MUSIC)
    made.create_all(engine)
    t = made.tables
    with engine.begin() as connection:
        run = connection.execute
        run(t["Employee"].insert(), [
            {"EmployeeId": 1, "LastName": "Quill", "FirstName": "Orla", "Email": "orla@example.com"},
        ])  # fmt: skip
        run(t["Customer"].insert(), [
            {"CustomerId": n, "FirstName": first, "LastName": last, "Email": f"{first.lower()}@example.com",
             "SupportRepId": 1, "Address": f"{n} Mill Lane", "City": "Wells", "Country": "Avalon",
             "Phone": f"+44 1632 96000{n}"}
            for n, (first, last) in enumerate([("Tilda", "Brook"), ("Ivo", "Lark"), ("Nell", "Marsh")], 1)
        ])  # fmt: skip
        run(t["Artist"].insert(), [{"ArtistId": 1, "Name": "The Invented"}])
        run(t["Album"].insert(), [{"AlbumId": 1, "Title": "Nothing Real", "ArtistId": 1}])
        run(t["MediaType"].insert(), [{"MediaTypeId": 1, "Name": "Tape"}])
        run(t["Track"].insert(), [{"TrackId": 1, "Name": "First", "MediaTypeId": 1, "Milliseconds": 1, "UnitPrice": 1}])
        run(t["Invoice"].insert(), [
            {"InvoiceId": n, "CustomerId": 1 + n % 3, "InvoiceDate": datetime(2026, 1, n), "Total": n,
             "BillingAddress": "1 Mill Lane"} for n in range(1, 7)
        ])  # fmt: skip
        run(t["InvoiceLine"].insert(), [
            {"InvoiceLineId": n, "InvoiceId": n, "TrackId": 1, "UnitPrice": n, "Quantity": 1} for n in range(1, 7)
        ])  # fmt: skip
    return made


def wholesale_shop(engine: Engine) -> MetaData:
    """Keys of five letters, order lines with keys of two columns, customers in groups, no e-mail address at all."""
    made = schema(WHOLESALE)
    made.create_all(engine)
    t = made.tables
    with engine.begin() as connection:
        run = connection.execute
        run(t["employees"].insert(), [{"employee_id": 1, "last_name": "Quill", "first_name": "Orla"}])
        run(t["customers"].insert(), [
            {"customer_id": key, "company_name": f"{key} Trading", "contact_name": name, "phone": "01632 960001"}
            for key, name in (("BROOK", "Tilda Brook"), ("LARKS", "Ivo Lark"))
        ])  # fmt: skip
        run(t["customer_demographics"].insert(), [{"customer_type_id": "LARGE", "customer_desc": "Large ones"}])
        run(t["customer_customer_demo"].insert(), [{"customer_id": "BROOK", "customer_type_id": "LARGE"}])
        run(t["products"].insert(), [{"product_id": 1, "product_name": "Twine"}])
        run(t["orders"].insert(), [
            {"order_id": n, "customer_id": "BROOK" if n < 4 else "LARKS", "employee_id": 1, "ship_name": "Somebody"}
            for n in range(1, 6)
        ])  # fmt: skip
        run(t["order_details"].insert(), [
            {"order_id": n, "product_id": 1, "unit_price": 1, "quantity": 1, "discount": 0} for n in range(1, 6)
        ])  # fmt: skip
    return made


# --- like a large shop system: foreign keys, EAV tables, quotes, many modules

_EAV = ("datetime:d", "decimal:m", "int:i", "text:l", "varchar:s")
_LARGE = """
store_website website_id* code name sort_order:i is_default:b
store_group group_id* website_id:i>store_website.website_id name code
store store_id* code website_id:i>store_website.website_id group_id:i>store_group.group_id name is_active:b
store_location location_id* name street? city? postcode? phone? opening_hours?:l
core_config_data config_id* scope scope_id:i path value?:l updated_at:d
setup_module module* schema_version? data_version?
patch_list patch_id* patch_name
flag flag_id* flag_code state:i flag_data?:l last_update:d
cache id*:s data?:x create_time?:i expire_time?:i
cache_tag tag*:s cache_id*:s
session session_id*:s session_expires:i session_data:x
cron_schedule schedule_id* job_code status messages?:l created_at:d executed_at?:d
queue id* name
queue_message id* topic_name? body?:l
queue_message_status id* queue_id:i>queue.id message_id:i>queue_message.id updated_at:d status:i number_of_trials:i
queue_lock id* message_code created_at:d
admin_user user_id* firstname? lastname? email? username? password created:d logdate?:d is_active:b
admin_user_session id* session_id:s user_id?:i>admin_user.user_id status:i created_at:d ip
admin_passwords password_id* user_id:i>admin_user.user_id password_hash last_updated:i
admin_system_messages identity*:s severity:i created_at:d
adminnotification_inbox notification_id* severity:i date_added:d title description?:l url? is_read:b
authorization_role role_id* parent_id:i user_id:i role_name? role_type
authorization_rule rule_id* role_id:i>authorization_role.role_id resource_id?:s permission?
oauth_consumer entity_id* created_at:d name key secret
oauth_token entity_id* consumer_id?:i>oauth_consumer.entity_id admin_id?:i>admin_user.user_id customer_id?:i>customer_entity.entity_id type token secret created_at:d
oauth_nonce nonce*:s timestamp:i consumer_id:i>oauth_consumer.entity_id
integration integration_id* name email endpoint? status:i consumer_id?:i>oauth_consumer.entity_id
directory_country country_id*:s iso2_code? iso3_code?
directory_country_region region_id* country_id:s code? default_name?
directory_country_region_name locale*:s region_id*:i>directory_country_region.region_id name?
directory_currency_rate currency_from*:s currency_to*:s rate:m
translation key_id* string store_id:i>store.store_id translate? locale
variable variable_id* code? name?
variable_value value_id* variable_id:i>variable.variable_id store_id:i>store.store_id plain_value?:l html_value?:l
eav_entity_type entity_type_id* entity_type_code entity_model
eav_attribute attribute_id* entity_type_id:i>eav_entity_type.entity_type_id attribute_code backend_type frontend_label?
eav_attribute_set attribute_set_id* entity_type_id:i>eav_entity_type.entity_type_id attribute_set_name
eav_attribute_group attribute_group_id* attribute_set_id:i>eav_attribute_set.attribute_set_id attribute_group_name
eav_attribute_label attribute_label_id* attribute_id:i>eav_attribute.attribute_id store_id:i>store.store_id value?
eav_attribute_option option_id* attribute_id:i>eav_attribute.attribute_id sort_order:i
eav_attribute_option_value value_id* option_id:i>eav_attribute_option.option_id store_id:i>store.store_id value?
eav_entity_attribute entity_attribute_id* attribute_set_id:i attribute_group_id:i attribute_id:i>eav_attribute.attribute_id
eav_form_type type_id* code label theme
customer_group customer_group_id* customer_group_code tax_class_id:i
customer_entity entity_id* website_id?:i>store_website.website_id email? group_id:i increment_id? store_id?:i>store.store_id created_at:d updated_at:d is_active:b created_in? prefix? firstname? middlename? lastname? suffix? dob?:y password_hash? rp_token? rp_token_created_at?:d default_billing?:i default_shipping?:i taxvat? confirmation? gender?:i failures_num?:i lock_expires?:d
customer_address_entity entity_id* parent_id?:i>customer_entity.entity_id created_at:d updated_at:d is_active:b city company? country_id:s fax? firstname lastname middlename? postcode? prefix? region? region_id?:i street:l suffix? telephone vat_id?:s
customer_eav_attribute attribute_id*:i>eav_attribute.attribute_id is_visible:b input_filter? validate_rules?:l
customer_form_attribute form_code*:s attribute_id*:i>eav_attribute.attribute_id
customer_grid_flat entity_id* name? email? group_id?:i created_at?:d billing_telephone? billing_postcode? billing_city? billing_street? gender? dob?:y shipping_full?:l
customer_log log_id* customer_id:i last_login_at?:d last_logout_at?:d
customer_visitor visitor_id* customer_id?:i session_id?:s created_at:d last_visit_at:d
login_as_customer secret*:s customer_id?:i>customer_entity.entity_id admin_id?:i>admin_user.user_id created_at?:d
login_as_customer_assistance_allowed customer_id*:i>customer_entity.entity_id
persistent_session persistent_id* key customer_id?:i>customer_entity.entity_id website_id:i>store_website.website_id info?:l updated_at:d
captcha_log type*:s value*:s count:i updated_at?:d
password_reset_request_event id* request_type:i account_reference? created_at:d ip?
newsletter_subscriber subscriber_id* store_id?:i>store.store_id change_status_at?:d customer_id:i subscriber_email? subscriber_status:i subscriber_confirm_code?
newsletter_template template_id* template_code? template_text?:l template_subject? template_sender_name? template_sender_email?
newsletter_queue queue_id* template_id:i>newsletter_template.template_id newsletter_subject? newsletter_sender_name? newsletter_text?:l queue_start_at?:d
newsletter_queue_link queue_link_id* queue_id:i>newsletter_queue.queue_id subscriber_id:i>newsletter_subscriber.subscriber_id letter_sent_at?:d
newsletter_problem problem_id* subscriber_id?:i>newsletter_subscriber.subscriber_id queue_id:i>newsletter_queue.queue_id problem_error_text?
email_template template_id* template_code template_text:l template_subject template_sender_name? template_sender_email? added_at:d
product_alert_price alert_price_id* customer_id:i>customer_entity.entity_id product_id:i>catalog_product_entity.entity_id price:m website_id:i add_date:d send_count:i
product_alert_stock alert_stock_id* customer_id:i>customer_entity.entity_id product_id:i>catalog_product_entity.entity_id website_id:i add_date:d send_count:i
quote entity_id* store_id:i>store.store_id created_at:d converted_at?:d is_active?:b items_count?:i grand_total?:m checkout_method? customer_id?:i customer_email? customer_prefix? customer_firstname? customer_lastname? customer_dob?:d customer_note? remote_ip? applied_rule_ids? reserved_order_id?:s password_hash? coupon_code? gift_message_id?:i customer_taxvat? customer_gender? ext_shipping_info?:l
quote_address address_id* quote_id:i>quote.entity_id created_at:d customer_id?:i save_in_address_book?:b customer_address_id?:i address_type? email? prefix? firstname? lastname? company? street? city? region? postcode? country_id?:s telephone? fax? subtotal:m customer_notes?:l applied_taxes?:l vat_id?:s
quote_address_item address_item_id* quote_address_id:i>quote_address.address_id quote_item_id:i>quote_item.item_id qty:m price:m name? sku? description?:l additional_data?:l
quote_id_mask entity_id* quote_id:i>quote.entity_id masked_id?:s
quote_item item_id* quote_id:i>quote.entity_id created_at:d product_id?:i>catalog_product_entity.entity_id sku? name? description?:l additional_data?:l qty:m price:m
quote_item_option option_id* item_id:i>quote_item.item_id product_id:i code value?:l
quote_payment payment_id* quote_id:i>quote.entity_id created_at:d method? cc_type? cc_number_enc? cc_last_4? cc_owner? cc_exp_month? po_number? additional_data?:l additional_information?:l
quote_shipping_rate rate_id* address_id:i>quote_address.address_id carrier? code? method? price:m error_message?:l
sales_order entity_id* state? status? coupon_code? protect_code? store_id?:i>store.store_id customer_id?:i>customer_entity.entity_id base_grand_total?:m discount_amount?:m grand_total?:m tax_amount?:m total_paid?:m total_refunded?:m customer_is_guest?:b customer_note_notify?:b billing_address_id?:i customer_group_id?:i quote_id?:i shipping_address_id?:i customer_dob?:d increment_id? customer_email? customer_firstname? customer_lastname? customer_prefix? customer_taxvat? ext_order_id?:s order_currency_code? remote_ip? x_forwarded_for? customer_note?:l created_at:d updated_at:d customer_gender?:i
sales_order_address entity_id* parent_id?:i>sales_order.entity_id customer_address_id?:i quote_address_id?:i region_id?:i customer_id?:i fax? region? postcode? lastname? street? city? email? telephone? country_id?:s firstname? address_type? prefix? middlename? company? vat_id?:s
sales_order_grid entity_id* status? store_id?:i customer_id?:i base_grand_total?:m grand_total?:m increment_id? shipping_name? billing_name? created_at?:d billing_address? shipping_address? customer_email? customer_name? payment_method?
sales_order_item item_id* order_id:i>sales_order.entity_id parent_item_id?:i quote_item_id?:i created_at:d product_id?:i product_options?:l sku? name? description?:l additional_data?:l qty_ordered?:m price:m tax_amount?:m row_total:m gift_message_id?:i
sales_order_payment entity_id* parent_id:i>sales_order.entity_id amount_paid?:m method? cc_exp_month? cc_last_4? cc_owner? cc_number_enc? cc_trans_id?:s po_number? account_status? echeck_account_name? additional_data?:l additional_information?:l last_trans_id?:s
sales_order_status status*:s label
sales_order_status_label status*:s>sales_order_status.status store_id*:i>store.store_id label
sales_order_status_state status*:s>sales_order_status.status state*:s is_default:b
sales_order_status_history entity_id* parent_id:i>sales_order.entity_id is_customer_notified?:b comment?:l status? created_at:d entity_name?
sales_order_tax tax_id* order_id:i code? title? percent?:m amount?:m
sales_order_tax_item tax_item_id* tax_id:i>sales_order_tax.tax_id item_id?:i>sales_order_item.item_id tax_percent:m amount:m
sales_payment_transaction transaction_id* parent_id?:i>sales_payment_transaction.transaction_id order_id:i>sales_order.entity_id payment_id:i>sales_order_payment.entity_id txn_id?:s txn_type? additional_information?:x created_at?:d
sales_invoice entity_id* store_id?:i order_id:i>sales_order.entity_id grand_total?:m tax_amount?:m billing_address_id?:i increment_id? created_at:d customer_note?:l
sales_invoice_item entity_id* parent_id:i>sales_invoice.entity_id price?:m qty?:m product_id?:i order_item_id?:i description?:l sku? name?
sales_invoice_comment entity_id* parent_id:i>sales_invoice.entity_id comment?:l created_at:d
sales_invoice_grid entity_id* increment_id? order_id:i customer_name? customer_email? billing_name? billing_address? grand_total?:m created_at?:d
sales_creditmemo entity_id* store_id?:i order_id:i>sales_order.entity_id grand_total?:m increment_id? created_at:d customer_note?:l
sales_creditmemo_item entity_id* parent_id:i>sales_creditmemo.entity_id price?:m product_id?:i order_item_id?:i description?:l sku? name?
sales_creditmemo_comment entity_id* parent_id:i>sales_creditmemo.entity_id comment?:l created_at:d
sales_creditmemo_grid entity_id* increment_id? order_id:i customer_name? customer_email? billing_name? shipping_address? created_at?:d
sales_shipment entity_id* order_id:i>sales_order.entity_id customer_id?:i total_qty?:m increment_id? created_at:d packages?:l shipping_label?:x customer_note?:l
sales_shipment_item entity_id* parent_id:i>sales_shipment.entity_id price?:m product_id?:i order_item_id?:i description?:l sku? name?
sales_shipment_track entity_id* parent_id:i>sales_shipment.entity_id order_id:i track_number? description? title? carrier_code? created_at:d
sales_shipment_comment entity_id* parent_id:i>sales_shipment.entity_id comment?:l created_at:d
sales_shipment_grid entity_id* increment_id? order_id:i customer_name? customer_email? shipping_name? shipping_address? created_at?:d
sales_sequence_meta meta_id* entity_type store_id:i sequence_table
sales_sequence_profile profile_id* meta_id:i>sales_sequence_meta.meta_id prefix? suffix? start_value:i
sales_bestsellers_aggregated_daily id* period?:y store_id?:i>store.store_id product_id?:i product_name? qty_ordered:m
sales_order_aggregated_created id* period?:y store_id?:i>store.store_id order_status total_income_amount:m
sales_refunded_aggregated id* period?:y order_status refunded:m
salesrule rule_id* name? description?:l from_date?:y is_active:b conditions_serialized?:l discount_amount:m
salesrule_coupon coupon_id* rule_id:i>salesrule.rule_id code? usage_limit?:i times_used:i created_at?:d
salesrule_coupon_usage coupon_id*:i>salesrule_coupon.coupon_id customer_id*:i>customer_entity.entity_id times_used:i
salesrule_customer rule_customer_id* rule_id:i>salesrule.rule_id customer_id:i>customer_entity.entity_id times_used:i
salesrule_customer_group rule_id*:i>salesrule.rule_id customer_group_id*:i>customer_group.customer_group_id
salesrule_label label_id* rule_id:i>salesrule.rule_id store_id:i>store.store_id label?
magento_customerbalance balance_id* customer_id:i>customer_entity.entity_id website_id?:i amount:m base_currency_code?
magento_customerbalance_history history_id* balance_id:i>magento_customerbalance.balance_id updated_at?:d action:i balance_amount:m additional_info? is_customer_notified:b
magento_giftcardaccount giftcardaccount_id* code status:i date_created:y balance:m recipient_email? recipient_name?
magento_reward reward_id* customer_id:i>customer_entity.entity_id points_balance:i website_currency_code?
magento_reward_history history_id* reward_id:i>magento_reward.reward_id points_delta:i comment?:l created_at:d
magento_rma entity_id* status? date_requested:d order_id:i>sales_order.entity_id order_increment_id? customer_id?:i>customer_entity.entity_id customer_custom_email? customer_name?
magento_rma_item_entity entity_id* rma_entity_id:i>magento_rma.entity_id qty_requested:m order_item_id?:i product_name? status?
magento_rma_status_history entity_id* rma_entity_id:i>magento_rma.entity_id comment?:l created_at:d admin_id?:i
magento_giftregistry_entity entity_id* customer_id:i>customer_entity.entity_id title message:l shipping_address?:l custom_values?:l created_at:d
magento_giftregistry_person person_id* entity_id:i>magento_giftregistry_entity.entity_id firstname? lastname? email? role? custom_values?:l
magento_invitation invitation_id* customer_id?:i>customer_entity.entity_id invitation_date?:d email? referral_id?:i>customer_entity.entity_id protection_code? message?:l
magento_logging_event log_id* ip time?:d event_code? action? info?:l user? user_id?:i fullaction?
gift_message gift_message_id* customer_id:i sender? recipient? message?:l
wishlist wishlist_id* customer_id:i>customer_entity.entity_id shared:b sharing_code? updated_at?:d
wishlist_item wishlist_item_id* wishlist_id:i>wishlist.wishlist_id product_id:i>catalog_product_entity.entity_id added_at?:d description?:l qty:m
wishlist_item_option option_id* wishlist_item_id:i>wishlist_item.wishlist_item_id product_id:i code value?:l
review review_id* created_at:d entity_id:i entity_pk_value:i status_id:i>review_status.status_id
review_detail detail_id* review_id:i>review.review_id store_id?:i>store.store_id title detail:l nickname customer_id?:i>customer_entity.entity_id
review_entity entity_id* entity_code
review_entity_summary primary_id* entity_pk_value:i reviews_count:i rating_summary:i store_id:i>store.store_id
review_status status_id* status_code
review_store review_id*:i>review.review_id store_id*:i>store.store_id
rating rating_id* rating_code position:i
rating_option option_id* rating_id:i>rating.rating_id code value:i
rating_option_vote vote_id* option_id:i>rating_option.option_id remote_ip remote_ip_long:i customer_id?:i entity_pk_value:i rating_id:i review_id?:i>review.review_id percent:i value:i
report_event event_id* logged_at:d event_type_id:i>report_event_types.event_type_id object_id:i subject_id:i subtype:i store_id:i
report_event_types event_type_id* event_name customer_login:b
report_viewed_product_index index_id* visitor_id?:i customer_id?:i>customer_entity.entity_id product_id:i>catalog_product_entity.entity_id added_at:d
report_compared_product_index index_id* visitor_id?:i customer_id?:i>customer_entity.entity_id product_id:i>catalog_product_entity.entity_id added_at:d
search_query query_id* query_text? num_results:i popularity:i redirect? store_id:i updated_at:d
search_synonyms group_id* synonyms:l store_id:i
vault_payment_token entity_id* customer_id?:i>customer_entity.entity_id public_hash payment_method_code type created_at:d expires_at?:d gateway_token details?:l
vault_payment_token_order_payment_link order_payment_id*:i>sales_order_payment.entity_id payment_token_id*:i>vault_payment_token.entity_id
paypal_billing_agreement agreement_id* customer_id:i>customer_entity.entity_id method_code reference_id:s status created_at:d
paypal_billing_agreement_order agreement_id*:i>paypal_billing_agreement.agreement_id order_id*:i>sales_order.entity_id
paypal_cert cert_id* website_id:i content?:l updated_at?:d
paypal_settlement_report report_id* report_date?:y account_id?:s filename?
paypal_settlement_report_row row_id* report_id:i>paypal_settlement_report.report_id transaction_id:s invoice_id?:s gross_transaction_amount:m consumer_id?:s custom_field?
klarna_core_order id* klarna_order_id?:s session_id?:s order_id:i>sales_order.entity_id is_acknowledged:b
downloadable_link link_id* product_id:i>catalog_product_entity.entity_id number_of_downloads?:i link_url? link_file?
downloadable_link_purchased purchased_id* order_id?:i>sales_order.entity_id order_increment_id? created_at:d customer_id?:i>customer_entity.entity_id product_name? link_section_title?
downloadable_link_purchased_item item_id* purchased_id:i>downloadable_link_purchased.purchased_id order_item_id?:i>sales_order_item.item_id link_hash? link_url? link_file? status? created_at:d
tax_class class_id* class_name class_type
tax_calculation_rate tax_calculation_rate_id* tax_country_id:s tax_postcode? code rate:m
tax_calculation_rule tax_calculation_rule_id* code priority:i
tax_calculation tax_calculation_id* tax_calculation_rate_id:i>tax_calculation_rate.tax_calculation_rate_id tax_calculation_rule_id:i>tax_calculation_rule.tax_calculation_rule_id customer_tax_class_id:i>tax_class.class_id
shipping_tablerate pk* website_id:i dest_country_id:s dest_zip price:m cost:m
inventory_source source_code*:s name enabled:b contact_name? email? phone? street? city? postcode? latitude?:m longitude?:m
inventory_stock stock_id* name
inventory_source_item source_item_id* source_code:s>inventory_source.source_code sku quantity:m
inventory_reservation reservation_id* stock_id:i sku quantity:m metadata?
inventory_pickup_location_quote_address address_id*:i>quote_address.address_id pickup_location_code
cms_page page_id* title? content?:l meta_keywords?:l identifier? creation_time:d is_active:b
cms_page_store page_id*:i>cms_page.page_id store_id*:i>store.store_id
cms_block block_id* title identifier content?:l creation_time:d
cms_block_store block_id*:i>cms_block.block_id store_id*:i>store.store_id
magefan_blog_post post_id* title? author_id?:i content?:l publish_time?:d
magefan_blog_comment comment_id* post_id:i>magefan_blog_post.post_id customer_id?:i author_nickname author_email text:l creation_time?:d
widget widget_id* widget_code? widget_type? parameters?:l
widget_instance instance_id* instance_type? theme_id:i title? widget_parameters?:l
layout_update layout_update_id* handle? xml?:l updated_at?:d
theme theme_id* parent_id?:i theme_path? theme_title preview_image?
design_change design_change_id* store_id:i>store.store_id design? date_from?:y
design_config_grid_flat entity_id* store_website_id?:i theme_theme_id?:s
url_rewrite url_rewrite_id* entity_type entity_id:i request_path? target_path? store_id:i metadata?
sitemap sitemap_id* sitemap_filename? sitemap_path? store_id:i>store.store_id
ui_bookmark bookmark_id* user_id:i>admin_user.user_id namespace identifier config?:l
import_history history_id* started_at?:d user_id:i imported_file? error_file?
importexport_importdata id* entity behavior data?:l
indexer_state state_id* indexer_id?:s status? updated? hash_config
mview_state state_id* view_id?:s mode? status? version_id?:i
release_notification_viewer_log id* viewer_id:i>admin_user.user_id last_view_version
signifyd_case entity_id* order_id?:i>sales_order.entity_id case_id?:s guarantee_eligible?:b score?:i associated_team?:l created_at?:d
yotpo_sync entity_type*:s entity_id* sync_flag?:b sync_date?:d
mst_helpdesk_ticket ticket_id* code customer_id?:i customer_email? customer_name? subject order_id?:i department_id?:i status_id?:i created_at?:d last_reply_name?
mst_helpdesk_message message_id* ticket_id:i>mst_helpdesk_ticket.ticket_id body?:l email_id?:i user_id?:i customer_email? customer_name? created_at?:d
mst_helpdesk_attachment attachment_id* message_id?:i>mst_helpdesk_message.message_id name? body?:x
mst_helpdesk_department department_id* name sender_email? is_active:b
mst_helpdesk_status status_id* name code
amasty_gdpr_consent_log id* customer_id:i>customer_entity.entity_id date_consented:d policy_version got_from website_id:i ip?
amasty_gdpr_delete_request id* created_at:d customer_id:i customer_name customer_email
amasty_gdpr_privacy_policy id* created_at:d policy_version content?:l comment? status:i
amasty_gdpr_action_log id* customer_id?:i ip action created_at:d comment?
amasty_abandoned_cart_history history_id* quote_id?:i rule_id?:i customer_email? customer_name? created_at?:d executed_at?:d email_body?:l
amasty_rewards_expiration id* customer_id:i amount:m date?:d
aw_affiliate id* customer_id:i balance:m status created_at:d
aw_points_summary summary_id* customer_id:i points:i updated_at:d
aw_store_credit_transaction transaction_id* customer_id:i comment_to_customer?:l balance:m created_at:d
smtp_log id* subject? email_content?:l status created_at:d recipient? sender?
mageplaza_sociallogin id* social_id:s customer_id:i>customer_entity.entity_id type is_send_password_email:b social_created_at?:d
mageplaza_loginlog id* customer_id?:i customer_email? ip_address? browser_agent? url? created_at:d
stripe_customers id* customer_id?:i stripe_id:s customer_email? session_id?:s
stripe_subscriptions id* order_increment_id? customer_id?:i subscription_id:s product_id?:i created_at:d
facebook_conversion_log id* event_name payload?:l created_at:d
tracking_click click_id* visitor_id?:i url referer? user_agent? ip? created_at:d
warranty_registration registration_id* serial_number purchase_date?:y firstname lastname email phone? street? city? postcode? product_name? newsletter?:b
size_profile profile_id* customer_id:i chest?:i waist?:i hips?:i notes?:l
"""  # noqa: E501


def large_shop() -> MetaData:
    """More than three hundred tables: a catalogue in EAV tables, quotes, orders, modules of many makers."""
    lines = [_LARGE.strip()]
    for entity in ("catalog_product", "catalog_category"):
        lines.append(f"{entity}_entity entity_id* attribute_set_id:i sku? type_id:s created_at:d updated_at:d")
    for entity in ("customer", "customer_address", "catalog_product", "catalog_category"):
        lines += [
            f"{entity}_entity_{kind.split(':')[0]} value_id* attribute_id:i>eav_attribute.attribute_id "
            f"entity_id:i>{entity}_entity.entity_id value?:{kind.split(':')[1]}"
            for kind in _EAV
        ]
    for name in (
        "media_gallery", "media_gallery_value", "media_gallery_value_video", "tier_price", "link_type",
        "link_attribute",
        "bundle_option", "bundle_selection", "bundle_option_value", "bundle_price_index", "super_attribute",
        "super_link",
        "relation", "website", "frontend_action", "option", "option_price", "option_title", "option_type_value",
        "option_type_title", "option_type_price", "index_price", "index_price_tmp", "index_price_idx",
        "index_price_replica",
        "index_eav", "index_eav_tmp", "index_eav_idx", "index_eav_decimal", "index_tier_price", "index_website",
    ):  # fmt: skip
        lines.append(
            f"catalog_product_{name} id* product_id:i>catalog_product_entity.entity_id label? value?:m position:i"
        )
    for store in (1, 2, 3):
        lines.append(f"catalog_category_product_index_store{store} category_id* product_id* position:i visibility:i")
        lines.append(f"catalogsearch_fulltext_scope{store} entity_id* attribute_id* data_index?:l")
        lines.append(f"catalog_product_flat_{store} entity_id* name? price?:m image? small_image? short_description?:l")
        for kind in ("order", "invoice", "creditmemo", "shipment", "rma_item"):
            lines.append(f"sequence_{kind}_{store} sequence_value*")
    for name in ("catalog_category_product", "catalog_compare_list", "catalogrule", "catalogrule_product",
                 "catalogrule_group_website", "catalogrule_product_price", "catalogrule_website"):  # fmt: skip
        lines.append(f"{name} id* rule_id?:i name? from_time?:i action_amount?:m")
    lines.append("catalog_compare_item item_id* visitor_id:i customer_id?:i>customer_entity.entity_id product_id:i")
    for name in ("product", "category", "cms", "attribute", "carrier", "manufacturer", "supplier", "tax_rule",
        "feature",
                 "feature_value", "order_state", "order_return_state", "meta", "image_type", "zone", "gender",
                 "profile_tab",
                 "quick_access", "risk_level", "contact_reason", "attachment_type", "store_hours"):  # fmt: skip
        lines.append(f"{name}_lang id_{name}* id_lang* name description?:l")
    for maker in ("amasty", "mageworx", "mirasvit", "webkul", "xtento"):
        for name in (
            "banner",
            "faq_question_template",
            "label_rule",
            "feed_template",
            "export_profile",
            "menu_item",
            "slider",
        ):
            lines.append(f"{maker}_{name} id* title? content?:l is_active:b position?:i store_id:i>store.store_id")
    return schema("\n".join(lines))


# --- like shop systems without foreign keys

_KEYLESS = """
ps_customer id_customer* id_gender:i id_default_group:i company? siret? firstname lastname email passwd last_passwd_gen:d birthday?:y newsletter:b ip_registration_newsletter? optin:b secure_key note?:l active:b is_guest:b deleted:b date_add:d
ps_address id_address* id_country:i id_state?:i id_customer:i id_manufacturer:i id_supplier:i alias company? lastname firstname address1 address2? postcode? city other?:l phone? phone_mobile? vat_number? dni? deleted:b date_add:d
ps_cart id_cart* id_carrier:i delivery_option:l id_lang:i id_address_delivery:i id_address_invoice:i id_customer:i id_guest:i secure_key gift_message?:l date_add:d
ps_cart_product id_cart* id_product* id_address_delivery* quantity:i date_add:d
ps_cart_rule id_cart_rule* id_customer:i date_from:d description?:l quantity:i code reduction_amount:m
ps_cart_cart_rule id_cart* id_cart_rule*
ps_orders id_order* reference? id_carrier:i id_lang:i id_customer:i id_cart:i id_currency:i id_address_delivery:i id_address_invoice:i current_state:i secure_key payment gift_message?:l total_paid:m date_add:d
ps_order_detail id_order_detail* id_order:i product_id:i product_name product_quantity:i unit_price_tax_incl:m
ps_order_detail_tax id_order_detail:i id_tax:i unit_amount:m total_amount:m
ps_order_history id_order_history* id_employee:i id_order:i id_order_state:i date_add:d
ps_order_invoice id_order_invoice* id_order:i number:i total_paid_tax_incl:m shop_address?:l note?:l date_add:d
ps_order_payment id_order_payment* order_reference? id_currency:i amount:m payment_method transaction_id?:s card_number? card_brand? card_holder? date_add:d
ps_order_slip id_order_slip* id_customer:i id_order:i total_products_tax_incl:m date_add:d
ps_order_return id_order_return* id_customer:i id_order:i question:l date_add:d
ps_order_state id_order_state* invoice:b send_email:b color?
ps_order_state_lang id_order_state* id_lang* name template
ps_order_message id_order_message* date_add:d
ps_customer_thread id_customer_thread* id_shop:i id_contact:i id_customer?:i id_order?:i email token date_add:d
ps_customer_message id_customer_message* id_customer_thread?:i id_employee?:i message:l file_name? ip_address? user_agent? date_add:d
ps_customer_group id_customer* id_group*
ps_customer_session id_customer_session* id_customer:i token date_add:d
ps_group id_group* reduction:m
ps_group_lang id_group* id_lang* name
ps_guest id_guest* id_operating_system?:i id_web_browser?:i id_customer?:i javascript?:b accept_language?
ps_connections id_connections* id_guest:i id_page:i ip_address?:i date_add:d http_referer?
ps_connections_page id_connections* id_page* time_start*:d
ps_product id_product* id_supplier?:i id_manufacturer?:i reference? price:m
ps_product_lang id_product* id_lang* name description?:l
ps_product_comment id_product_comment* id_product:i id_customer:i id_guest?:i title content:l customer_name grade:m date_add:d
ps_wishlist id_wishlist* id_customer:i token name date_add:d
ps_emailsubscription id* id_shop:i email newsletter_date_add?:d ip_registration_newsletter http_referer? active:b
ps_mail id_mail* recipient template subject id_lang:i date_add:d
ps_log id_log* severity:i message:l object_type? object_id?:i id_employee?:i date_add:d
ps_employee id_employee* lastname firstname email passwd
ps_supplier id_supplier* name date_add:d
ps_country id_country* iso_code
ps_configuration id_configuration* name value?:l date_add:d
"""  # noqa: E501

_POSTS = """
wp_users ID* user_login user_pass user_nicename user_email user_url user_registered:d user_activation_key display_name
wp_usermeta umeta_id* user_id:i meta_key? meta_value?:l
wp_posts ID* post_author:i post_date:d post_content:l post_title:l post_status post_type post_parent:i
wp_postmeta meta_id* post_id:i meta_key? meta_value?:l
wp_comments comment_ID* comment_post_ID:i comment_author:l comment_author_email comment_author_url comment_author_IP comment_date:d comment_content:l user_id:i
wp_commentmeta meta_id* comment_id:i meta_key? meta_value?:l
wp_terms term_id* name slug
wp_termmeta meta_id* term_id:i meta_key? meta_value?:l
wp_term_taxonomy term_taxonomy_id* term_id:i taxonomy description:l
wp_options option_id* option_name option_value:l
wp_links link_id* link_url link_name link_notes:l
wp_wc_orders id* status? currency? type? tax_amount?:m total_amount?:m customer_id?:i billing_email? date_created_gmt?:d payment_method? transaction_id?:s ip_address? user_agent?:l customer_note?:l
wp_wc_order_addresses id* order_id:i address_type? first_name?:l last_name?:l company?:l address_1?:l city?:l postcode?:l country?:l email? phone?
wp_wc_orders_meta id* order_id?:i meta_key? meta_value?:l
wp_wc_order_stats order_id* date_created:d num_items_sold:i total_sales:m net_total:m customer_id:i status
wp_wc_customer_lookup customer_id* user_id?:i username first_name last_name email? date_registered?:d country city state postcode
wp_woocommerce_order_items order_item_id* order_item_name:l order_item_type order_id:i
wp_woocommerce_order_itemmeta meta_id* order_item_id:i meta_key? meta_value?:l
wp_woocommerce_payment_tokens token_id* gateway_id:s token:l user_id:i type is_default:b
wp_woocommerce_payment_tokenmeta meta_id* payment_token_id:i meta_key? meta_value?:l
wp_woocommerce_sessions session_id* session_key session_value:l session_expiry:i
wp_woocommerce_api_keys key_id* user_id:i description? consumer_key consumer_secret last_access?:d
wp_woocommerce_downloadable_product_permissions permission_id* download_id:s product_id:i order_id:i order_key user_email user_id?:i access_granted?:d
wp_woocommerce_tax_rates tax_rate_id* tax_rate_country tax_rate_state tax_rate:m
wp_woocommerce_log log_id* timestamp:d level:i source message:l context?:l
wp_wc_webhooks webhook_id* status name user_id:i delivery_url:l secret:l
wp_actionscheduler_actions action_id* hook status args? extended_args?
"""  # noqa: E501


def keyless_shop() -> MetaData:
    """Names such as `id_customer`, no foreign key anywhere, 0 for nobody."""
    return schema(_KEYLESS)


def posts_shop() -> MetaData:
    """A shop grown out of a blog: `wp_` before everything, orders with `meta_key` and `meta_value`."""
    return schema(_POSTS)
